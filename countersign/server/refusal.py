"""Why a request is not let through."""


class Refused(Exception):  # noqa: N818  a refusal is the expected answer, no error of ours
    """An HTTP status, a stable code, and one sentence for whoever asked; it holds nothing they sent."""

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.code = code
        self.text = text
