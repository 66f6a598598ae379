"""What a request may say. A field that is not named here is refused; what is named and ignored says so."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

Uuid = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
InterruptId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
Assistant = Literal["support"] | Uuid
StreamMode = Literal["values", "updates", "messages", "messages-tuple", "custom", "tasks", "checkpoints", "debug"]
Words = Annotated[str, StringConstraints(max_length=200_000)]
Short = Annotated[str, StringConstraints(max_length=1_000)]


class Body(BaseModel):
    """A request's JSON object."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Nothing(Body):
    """An empty object."""


class Search(Body):
    """Which rows of a list; sorting and the choice of columns are the server's own business."""

    limit: Annotated[int, Field(ge=1, le=1000)] = 10
    offset: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    metadata: dict[Short, Short] | None = None
    graph_id: Literal["support"] | None = None
    status: Literal["idle", "busy", "interrupted", "error"] | None = None
    sort_by: Literal["thread_id", "assistant_id", "created_at", "updated_at", "status", "name"] | None = None
    sort_order: Literal["asc", "desc"] | None = None


class History(Body):
    """How much of a thread's past."""

    limit: Annotated[int, Field(ge=1, le=1000)] = 10


class NewThread(Body):
    """The row of a ticket's thread. What the row says about the ticket is ours to write: `metadata` is ignored."""

    thread_id: Uuid
    if_exists: Literal["raise", "do_nothing"] | None = None
    metadata: dict[str, JsonValue] | None = None


class Text(Body):
    """A piece of a chat message."""

    type: Literal["text"]
    text: Words


class ChatMessage(Body):
    """One message as chat screens send it."""

    type: Literal["human"] | None = None
    role: Literal["user", "human"] | None = None
    content: Words | Annotated[list[Text], Field(min_length=1, max_length=20)]
    id: Short = ""

    @property
    def text(self) -> str:
        """All its words."""
        return self.content if isinstance(self.content, str) else "\n".join(part.text for part in self.content)


class Chat(Body):
    """What a chat screen sends: exactly one new message."""

    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=1)]
    context: dict[str, JsonValue] | None = None
    """Ignored."""


class Written(Body):
    """A customer's message. `id` is the sender's own for it: the same id twice is one message."""

    sender: Annotated[Short, Field(alias="from")]
    subject: Short = ""
    text: Words
    id: Short = ""
    authenticated: bool = False
    """The person who hands it in vouches for the sender."""


class Decisions(Body):
    """An answer as review screens give it; what each decision may be is for the review itself to check."""

    decisions: Annotated[list[dict[str, JsonValue]], Field(min_length=1, max_length=50)]


class Wake(Body):
    """A resume, and nothing else that a command could be."""

    resume: Annotated[dict[InterruptId, Decisions], Field(min_length=1, max_length=1)] | Decisions

    def answer(self, pending: str) -> Decisions | None:
        """What it says to the pending question; None where it names another."""
        return self.resume if isinstance(self.resume, Decisions) else self.resume.get(pending)


class Head(Body):
    """The state that a screen showed. It must be the thread's latest: a condition, not a place to start from."""

    checkpoint_id: Uuid
    checkpoint_ns: Literal[""] = ""
    thread_id: Uuid | None = None
    checkpoint_map: Nothing | None = None


class Config(Body):
    """Ignored: the server sets its own limit of steps, and nothing can be configured."""

    recursion_limit: int | None = None
    configurable: Nothing | None = None
    tags: list[Short] | None = None
    metadata: dict[str, JsonValue] | None = None


class NewRun(Body):
    """A run: with input, or with an answer to the question that the thread waits with.

    Ignored, because the server decides: `config`, `durability`, `metadata`, `multitask_strategy`, `on_disconnect`,
    `if_not_exists`.
    """

    assistant_id: Assistant
    input: Chat | Written | Nothing | None = None
    command: Wake | None = None
    checkpoint: Head | None = None
    stream_mode: StreamMode | list[StreamMode] = "values"
    stream_subgraphs: bool = False
    stream_resumable: bool = False
    config: Config | None = None
    durability: Literal["sync", "async", "exit"] | None = None
    metadata: dict[str, JsonValue] | None = None
    multitask_strategy: Literal["reject", "enqueue", "interrupt", "rollback"] | None = None
    on_disconnect: Literal["cancel", "continue"] | None = None
    if_not_exists: Literal["create", "reject"] | None = None
