"""What an agent holds: lookups and proposals as langchain tools, and nothing that acts."""

from typing import TYPE_CHECKING

from countersign.domain.frozen import canonical, digest
from tools.lookups import accounts, help_centre, orders
from tools.lookups.casebook import AgentTool, Casebook
from tools.propose import accounts as about_accounts
from tools.propose import orders as about_orders

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

TOOLS: tuple[AgentTool, ...] = (
    *accounts.LOOKUPS, *orders.LOOKUPS, *help_centre.LOOKUPS, *about_orders.PROPOSALS, *about_accounts.PROPOSALS,
)  # fmt: skip
"""Every tool of the resolver; a test holds that none of them can reach a write."""


def toolbox(book: Casebook) -> "list[BaseTool]":
    """The tools, each bound to one casebook: who asks is in there, and can't be given."""
    return [as_langchain(tool, book) for tool in TOOLS]


def described() -> str:
    """Digest of everything that a model is told of the tools."""
    return digest([[tool.name, tool.says, tool.takes.model_json_schema()] for tool in TOOLS])


def as_langchain(tool: AgentTool, book: Casebook) -> "BaseTool":
    from langchain_core.tools import StructuredTool

    def call(**given: object) -> str:
        return canonical(tool.use(book, tool.takes.model_validate(given)))

    return StructuredTool.from_function(func=call, name=tool.name, description=tool.says, args_schema=tool.takes)
