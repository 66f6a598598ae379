"""The one door: a grant is claimed, the effect is caused under its key, the receipt is written. Nothing else acts."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime
from contextlib import AbstractContextManager

from countersign.domain.errors import CountersignError, FailedError, RetryError, UnknownOutcomeError
from countersign.domain.outcome import Claim, Effect, Granted, Progress, Receipt, Refusal
from countersign.domain.plan import Kind
from countersign.domain.shop import ShopReceipt
from countersign.domain.ticket import TicketRef
from countersign.domain.verdict import POLICY, Judged
from countersign.ports import Deps
from tools.actions import ACTIONS
from tools.actions.call import receipt
from tools.catalog import contract
from tools.judge import approval, judge
from tools.results import proven


class EffectGateway:
    """Claims, acts and settles, one effect a step; safe to call from anywhere, any number of times.

    `alone` keeps everybody else from a ticket's effects for the length of a block. So what has begun and is in nobody's
    hands was left by somebody who died, and a system of record that knows nothing of it will not hear of it later.
    """

    def __init__(self, alone: Callable[[str], AbstractContextManager[None]]) -> None:
        self._alone = alone

    def step(self, ref: TicketRef, deps: Deps) -> Progress:
        """Settles what an earlier step left in doubt, then carries out the turn's next granted proposal, if any."""
        with self._alone(ref.id):
            for effect in deps.ledger.receipts(ref):
                if effect.status == "started":
                    _settle_doubt(effect, deps)
            return _next(ref, deps)

    def settle_doubt(self, effect: Effect, deps: Deps) -> bool:
        """See `ports.Gateway`.

        Not found means that nothing happened: the grant may be claimed again, under the same key.
        """
        with self._alone(effect.ticket):
            still = [one for one in deps.ledger.in_doubt() if one.id == effect.id]
            return all(_settle_doubt(one, deps) for one in still)


def _next(ref: TicketRef, deps: Deps) -> Progress:
    """Carries out what is granted next, and says where the turn stands."""
    granted = deps.ledger.next_granted(ref)
    if granted is None:
        return deps.ledger.progress(ref)
    refusal = _carry_out(granted, deps)
    progress = deps.ledger.progress(ref)
    return progress if refusal is None else progress.model_copy(update={"problem": f"{refusal.code}: {refusal.text}"})


def _settle_doubt(effect: Effect, deps: Deps) -> bool:
    """See `EffectGateway.settle_doubt`."""
    ref = TicketRef(id=effect.ticket, turn=effect.turn)
    with deps.tracer.span("effect", effect.kind, ref, recorded=True) as span:
        try:
            found = _look_up(effect.kind, effect.key, deps)
        except CountersignError as error:
            _leave_unknown(effect, f"{error.full_code}: it can't be told whether it happened", deps)
            span.failed(error.full_code)
            return False
        span.note(status="retry" if found is None else "done")
    claim = deps.ledger.take_over(effect.id, deps.clock.now())
    if found is None:
        deps.ledger.fail(claim, _again(effect.kind, claim), "not found in the system of record", deps.clock.now())
    else:
        _point(deps, "before settle")
        deps.ledger.settle(claim, found, deps.clock.now())
    return True


def _leave_unknown(effect: Effect, problem: str, deps: Deps) -> None:
    """Writes once that nobody can tell; asking again changes nothing."""
    if effect.status == "started":
        deps.ledger.fail(deps.ledger.take_over(effect.id, deps.clock.now()), "unknown", problem, deps.clock.now())


def _carry_out(granted: Granted, deps: Deps) -> Refusal | None:
    """One effect from claim to receipt; a refusal where the claim is not given."""
    judged = _judged_today(granted, deps)
    _point(deps, "before claim")
    claim = deps.ledger.claim(granted, judged, deps.clock.now())
    if isinstance(claim, Refusal):
        return claim
    _point(deps, "before effect")
    _cause(granted, claim, deps)
    return None


def _judged_today(granted: Granted, deps: Deps) -> Judged:
    """What policy says now; deny too where whoever approved it may not approve it any more."""
    ref, approver = TicketRef(id=granted.ticket, turn=granted.turn), granted.grant.approver
    judged = judge(granted.proposal, granted.sender, ref, deps)
    if approver == POLICY or judged.decision.answer == "deny":
        return judged
    approved = approval(approver, granted.proposal, judged.context, deps)
    return judged if approved.answer == "allow" else judged.model_copy(update={"decision": approved})


def _cause(granted: Granted, claim: Claim, deps: Deps) -> None:
    """Causes the effect and writes what became of it; the ledger compares the receipt with the grant."""
    ref = TicketRef(id=granted.ticket, turn=granted.turn)
    with deps.tracer.span("effect", granted.proposal.kind, ref, status="done") as span:
        try:
            proof = _act(granted, claim, deps)
        except (RetryError, FailedError, UnknownOutcomeError) as error:
            status, problem = _problem(error, granted.proposal.kind, claim)
            deps.ledger.fail(claim, status, problem, deps.clock.now())
            span.note(status=status)
            span.failed(error.full_code)
        else:
            _point(deps, "before settle")
            deps.ledger.settle(claim, proof, deps.clock.now())
            _point(deps, "after settle")


def _problem(error: RetryError | FailedError | UnknownOutcomeError, kind: Kind, claim: Claim) -> tuple[str, str]:
    """What the ledger says of an effect that did not happen, or may not have."""
    if isinstance(error, RetryError):
        return _again(kind, claim), error.full_code
    status = "failed" if isinstance(error, FailedError) else "unknown"
    return status, f"{error.full_code}: {error.message}"


def _again(kind: Kind, claim: Claim) -> str:
    """What comes of a try of which it is known that nothing happened: the contract's tries are all there are."""
    return "retry" if claim.attempt < contract(kind).attempts else "failed"


def _act(granted: Granted, claim: Claim, deps: Deps) -> Receipt:
    """Calls the action within its contract's time; whatever can't be named is an unknown outcome, never a retry."""
    kind = granted.proposal.kind
    pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"act-{kind}")
    try:
        told = pool.submit(ACTIONS[kind], granted, deps, claim.key).result(timeout=contract(kind).timeout)
        _point(deps, "after effect")
        return proven(told, contract(kind).result, claim.key)
    except NotInTime as error:
        raise UnknownOutcomeError("no answer in time", detail="timeout") from error
    except CountersignError:
        raise
    except Exception as error:
        raise UnknownOutcomeError(f"{type(error).__name__} from the action", detail="unexpected") from error
    finally:
        pool.shutdown(wait=False)


def _look_up(kind: Kind, key: str, deps: Deps) -> Receipt | None:
    """The receipt of what happened under a key. Raises what the system raises, `unknown.receipt` for no proof."""
    found = deps.outbox.lookup(key) if kind == "send_reply" else _written(deps.shop.lookup(key))
    return None if found is None else proven(found, contract(kind).result, key)


def _written(found: ShopReceipt | None) -> Receipt | None:
    return None if found is None else receipt(found)


def _point(deps: Deps, name: str) -> None:
    if deps.on_point:
        deps.on_point(name)
