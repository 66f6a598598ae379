"""The law inside the file: what SQLite itself refuses, even where the program forgets to ask."""

from collections.abc import Mapping
from types import MappingProxyType

import sqlalchemy as sa

from countersign.domain.frozen import Frozen


class Problem(Frozen):
    """Something wrong with a ledger's file: a stable code and one sentence."""

    code: str
    text: str
    seq: int | None = None
    """The audit row it was found at."""


_GRANT = """SELECT 1 FROM grants AS g
    JOIN proposals AS p ON p.id = g.proposal
    JOIN tickets AS t ON t.id = p.ticket
    WHERE g.id = NEW.grant_id AND g.proposal = NEW.proposal AND g.key = NEW.key
      AND g.consumed_by IS NULL AND g.void = 0 AND g.expires_at > NEW.started_at
      AND g.arguments_digest = p.arguments_digest AND p.status = 'proposed'
      AND p.ticket = NEW.ticket AND p.turn = NEW.turn AND p.turn = t.turn
      AND p.kind = NEW.kind AND p.target = NEW.target
      AND NEW.amount IS json_extract(p.args, '$.amount')"""

_PERMISSION = """SELECT 1 FROM decisions AS d
    JOIN proposals AS p ON p.id = d.proposal
    JOIN verdicts AS v ON v.id = d.verdict AND v.answer = 'allow' AND v.approver = NEW.approver
    WHERE d.seq = NEW.decision AND d.proposal = NEW.proposal AND p.status = 'proposed'
      AND p.arguments_digest = NEW.arguments_digest AND p.key = NEW.key AND p.slot = NEW.slot
      AND d.version = NEW.version AND d.contract = NEW.contract AND d.policy = NEW.policy AND d.ceiling IS NEW.ceiling
      AND (d.answer = 'allow' AND NEW.approver = 'policy'
             AND (p.by_kind <> 'Agent' OR json_extract(p.provenance, '$.seconded'))
           OR d.answer IN ('allow', 'ask') AND EXISTS (
               SELECT 1 FROM signatures AS s JOIN reviews AS r ON r.id = s.review
               WHERE r.ticket = p.ticket AND r.turn = p.turn AND r.status = 'answered'
                 AND s.proposal = p.id AND s.arguments_digest = p.arguments_digest AND s.version = d.version
                 AND s.answer = 'approve' AND s.by = NEW.approver))"""

_ANSWERED = """SELECT 1 FROM reviews AS r
    WHERE r.id = NEW.review AND r.ticket = NEW.ticket AND r.status = 'answered' AND r.by = NEW.by AND r.at = NEW.at
      AND (NEW.answer = 'approve' AND r.answer IN ('approve', 'edit', 'answer')
           OR NEW.answer = 'reject' AND r.answer IN ('reject', 'edit', 'answer'))"""

_LEFT = "SELECT COALESCE(SUM(amount), 0) FROM effects WHERE target = NEW.target AND status <> 'failed'"


def _differs(columns: str) -> str:
    return " OR ".join(f"NEW.{column} IS NOT OLD.{column}" for column in columns.split())


def _refuse(name: str, when: str, condition: str, text: str) -> tuple[str, str]:
    clause = f"\nWHEN {condition}" if condition else ""
    return name, f"CREATE TRIGGER {name} {when}{clause}\nBEGIN SELECT RAISE(ABORT, 'law: {text}'); END"


def _kept(table: str) -> tuple[str, str]:
    return _refuse(f"{table}_are_kept", f"BEFORE DELETE ON {table}", "", f"{table} are never deleted")


def _erased(ref: str) -> str:
    """That ticket, or item in quarantine, is under erasure or was erased."""
    return f"EXISTS (SELECT 1 FROM erasures WHERE ref = {ref})"


def _kept_until_erased(table: str, ref: str = "OLD.ticket") -> tuple[str, str]:
    text = f"{table} are never deleted but by an erasure"
    return _refuse(f"{table}_are_kept", f"BEFORE DELETE ON {table}", f"NOT {_erased(ref)}", text)


def _takes_nothing_erased(table: str) -> tuple[str, str]:
    when, text = f"BEFORE INSERT ON {table}", "what was erased takes nothing more"
    return _refuse(f"{table}_of_the_living", when, _erased("NEW.ticket"), text)


def _written_once(table: str) -> tuple[str, str]:
    return _refuse(f"{table}_are_fixed", f"BEFORE UPDATE ON {table}", "", f"{table} are never changed")


_PROPOSAL = "seq id ticket turn kind target args by_kind by_id summary version arguments_digest slot key provenance"
_GRANTED = (
    "seq id proposal decision key slot arguments_digest version rules policy graph approver given_at expires_at ceiling"
    " contract"
)
_REVIEW = "seq id ticket turn digest bound reasons decisions opened_at deadline"
_LABEL = "seq id ticket turn requests language said source by at"
_EFFECT = "seq id ticket turn proposal grant_id kind target key amount currency"
_CHAINED = "seq at actor event ref seal prev hash"
_OF_A_PROPOSAL = "(SELECT ticket FROM proposals WHERE id = OLD.proposal)"
_TAKING = "inbox journal verdicts proposals reviews signatures effects outcomes labels model_calls keeps"

_UNENDED = """EXISTS (SELECT 1 FROM tickets WHERE id = NEW.ref AND status <> 'closed')
    OR EXISTS (SELECT 1 FROM reviews WHERE ticket = NEW.ref AND status = 'open')
    OR EXISTS (SELECT 1 FROM grants AS g JOIN proposals AS p ON p.id = g.proposal
               WHERE p.ticket = NEW.ref AND g.void = 0 AND g.consumed_by IS NULL)
    OR EXISTS (SELECT 1 FROM effects WHERE ticket = NEW.ref AND (status = 'started' OR again = 1))
    OR EXISTS (SELECT 1 FROM keeps WHERE ticket = NEW.ref AND lifted_by = '')
    OR NEW.effects <> (SELECT COUNT(*) FROM effects WHERE ticket = NEW.ref)
    OR NEW.by = '' OR NEW.done_at IS NOT NULL"""

TRIGGERS: Mapping[str, str] = MappingProxyType(
    dict(
        [
            _refuse(
                "audit_are_fixed",
                "BEFORE UPDATE ON audit",
                f"{_differs(_CHAINED)} OR NEW.body <> '' OR NOT {_erased('OLD.ref')}",
                "an audit row only loses its body, to an erasure",
            ),
            _kept("audit"),
            _refuse(
                "audit_is_a_chain",
                "BEFORE INSERT ON audit",
                "NEW.seq <> (SELECT COALESCE(MAX(seq), 0) + 1 FROM audit)"
                " OR NEW.prev <> COALESCE((SELECT hash FROM audit ORDER BY seq DESC LIMIT 1), '')",
                "an audit row continues the chain",
            ),
            _refuse(
                "tickets_go_forward",
                "BEFORE UPDATE ON tickets",
                "NEW.id IS NOT OLD.id OR NEW.number IS NOT OLD.number OR NEW.turn < OLD.turn",
                "a turn that is over does not come back",
            ),
            _written_once("verdicts"),
            _kept_until_erased("verdicts"),
            _written_once("decisions"),
            _kept_until_erased("decisions", _OF_A_PROPOSAL),
            _written_once("outcomes"),
            _kept("model_calls"),
            _kept_until_erased("outcomes"),
            _refuse(
                "proposals_are_fixed",
                "BEFORE UPDATE ON proposals",
                _differs(_PROPOSAL),
                "what was proposed does not change",
            ),
            _kept_until_erased("proposals"),
            _refuse(
                "reviews_are_answered_once",
                "BEFORE UPDATE ON reviews",
                "OLD.status <> 'open' OR " + _differs(_REVIEW),
                "a review is answered once",
            ),
            _kept_until_erased("reviews"),
            _refuse(
                "signatures_need_an_answer",
                "BEFORE INSERT ON signatures",
                f"NOT EXISTS ({_ANSWERED})",
                "nobody gave this answer",
            ),
            _written_once("signatures"),
            _kept_until_erased("signatures"),
            _refuse(
                "grants_need_a_decision",
                "BEFORE INSERT ON grants",
                f"NEW.consumed_by IS NOT NULL OR NEW.void <> 0 OR NOT EXISTS ({_PERMISSION})",
                "no decision permits this grant",
            ),
            _refuse(
                "grants_are_fixed",
                "BEFORE UPDATE ON grants",
                _differs(_GRANTED),
                "what was granted does not change",
            ),
            _refuse(
                "grants_stay_used",
                "BEFORE UPDATE ON grants",
                "(OLD.consumed_by IS NOT NULL AND NEW.consumed_by IS NOT OLD.consumed_by) OR NEW.void < OLD.void",
                "a grant is used or void for good",
            ),
            _kept_until_erased("grants", _OF_A_PROPOSAL),
            _refuse(
                "effects_need_a_grant",
                "BEFORE INSERT ON effects",
                f"NEW.status <> 'started' OR NOT EXISTS ({_GRANT})",
                "no live grant for this effect",
            ),
            _refuse(
                "effects_keep_the_ceiling",
                "BEFORE INSERT ON effects",
                f"NEW.amount IS NOT NULL AND ({_LEFT}) + NEW.amount"
                " > COALESCE((SELECT ceiling FROM grants WHERE id = NEW.grant_id), -1)",
                "more money than may leave for this target",
            ),
            (
                "effects_use_their_grant",
                "CREATE TRIGGER effects_use_their_grant AFTER INSERT ON effects\n"
                "BEGIN UPDATE grants SET consumed_by = NEW.id WHERE id = NEW.grant_id; END",
            ),
            _refuse(
                "effects_are_fixed",
                "BEFORE UPDATE ON effects",
                _differs(_EFFECT) + " OR NEW.fence < OLD.fence",
                "what an effect is does not change",
            ),
            _refuse(
                "effects_end_once",
                "BEFORE UPDATE ON effects",
                "OLD.status = 'done' OR (OLD.status = 'failed' AND OLD.again = 0)"
                " OR (OLD.status = 'failed' AND NEW.status NOT IN ('failed', 'started'))",
                "an effect that ended stays as it is",
            ),
            _refuse(
                "effects_start_again_under_the_ceiling",
                "BEFORE UPDATE OF status ON effects",
                f"OLD.status = 'failed' AND NEW.status = 'started' AND NEW.amount IS NOT NULL AND ({_LEFT})"
                " + NEW.amount > COALESCE((SELECT ceiling FROM grants WHERE id = NEW.grant_id), -1)",
                "more money than may leave for this target",
            ),
            _kept_until_erased("effects"),
            _refuse(
                "labels_are_removed_or_kept",
                "BEFORE UPDATE ON labels",
                _differs(_LABEL) + " OR OLD.removed_at IS NOT NULL OR NEW.removed_at IS NULL OR NEW.text <> ''",
                "a label changes only by being removed",
            ),
            _kept("labels"),
            _written_once("models"),
            _kept("models"),
            _written_once("promotions"),
            _kept("promotions"),
            _kept("tickets"),
            _kept("inbox"),
            _kept_until_erased("quarantine", "'Q-' || OLD.seq"),
            _refuse(
                "erased_tickets_stay_closed",
                "BEFORE UPDATE ON tickets",
                f"(NEW.status <> 'closed' OR NEW.turn <> OLD.turn) AND {_erased('OLD.id')}",
                "what was erased takes nothing more",
            ),
            *map(_takes_nothing_erased, _TAKING.split()),
            _refuse("erasures_need_an_end", "BEFORE INSERT ON erasures", _UNENDED, "only what has ended is erased"),
            _refuse(
                "erasures_are_done_once",
                "BEFORE UPDATE ON erasures",
                f"{_differs('seq ref by effects begun_at')} OR OLD.done_at IS NOT NULL OR NEW.done_at IS NULL",
                "an erasure only comes to its end",
            ),
            _kept("erasures"),
            _refuse(
                "secrets_are_destroyed_or_kept",
                "BEFORE UPDATE ON secrets",
                f"{_differs('seq ref')} OR NEW.secret <> '' OR NOT {_erased('OLD.ref')}",
                "a secret is only destroyed, by an erasure",
            ),
            _kept("secrets"),
        ]
    )
)
"""Name and SQL of every trigger. A change here needs a new migration: a test pins the two together."""


def install_triggers(connection: sa.Connection) -> None:
    """Makes the file's triggers exactly these: run after every migration, because rebuilding a table drops its own."""
    for name in _present(connection):
        connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
    for statement in TRIGGERS.values():
        connection.exec_driver_sql(statement)


def compare_triggers(connection: sa.Connection) -> tuple[Problem, ...]:
    """What differs between the file's triggers and the ones that belong there: missing, changed or strange."""
    present = _present(connection)
    missing = [("trigger.missing", name, "is missing") for name in TRIGGERS.keys() - present.keys()]
    strange = [("trigger.strange", name, "does not belong here") for name in present.keys() - TRIGGERS.keys()]
    both = TRIGGERS.keys() & present.keys()
    changed = [("trigger.changed", name, "was changed") for name in both if TRIGGERS[name] != present[name]]
    return tuple(Problem(code=code, text=f"trigger {name} {what}") for code, name, what in
                 sorted(missing + strange + changed))  # fmt: skip


def _present(connection: sa.Connection) -> dict[str, str]:
    rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    return {row.name: row.sql for row in rows}
