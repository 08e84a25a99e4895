"""The call ``customer/edit``: done at once, accepted for later, or gone wrong in one of its own ways."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from u8sync.sandbox.openapi.behaviour import Behaviour
from u8sync.sandbox.openapi.edits import Editor
from u8sync.sandbox.openapi.faults import Fault
from u8sync.sandbox.openapi.refusals import Code, RefusalError
from u8sync.sandbox.openapi.results import Later, Results

__all__ = ["Changer"]


class Changer:
    """Answers edits, and the questions for their results.

    Args:
        editor: Does the edits.
        results: Where accepted edits wait.
        later: Does what happens after a while.
        base: Gives the address of the server, with a slash at its end.
    """

    def __init__(self, editor: Editor, results: Results, later: Later, base: Callable[[], str]) -> None:
        self._editor = editor
        self._results = results
        self._later = later
        self._base = base

    def edit(self, business: Mapping[str, object], behaviour: Behaviour, faults: Sequence[Fault]) -> dict[str, object]:
        """The answer to an edit.

        Raises:
            RefusalError: What was sent is not accepted; when edits are only accepted, that is told later instead.
        """
        kinds = {fault.what: fault for fault in faults}
        work = partial(
            self._editor.edit,
            business,
            behaviour,
            blanks=[kinds["blanks"].field] if "blanks" in kinds else [],
            pretend="ok_but_nothing" in kinds,
        )
        if "late_effect" in kinds:
            self._later.do(kinds["late_effect"].seconds, partial(self._final, work))
            return {}  # nobody will see it
        odd = {"endless_result", "other_result", "ping_after"} & kinds.keys()
        if behaviour.edit_reply == "sync" and not odd:
            return {"id": work()}
        request = self._results.accept(
            partial(self._final, work),
            polls=behaviour.polls,
            after_s=behaviour.effect_after_s,
            endless="endless_result" in kinds,
        )
        return self._waiting(request, behaviour, faults)

    def result(self, request: str, behaviour: Behaviour, faults: Sequence[Fault]) -> dict[str, object]:
        """The final answer of an accepted edit, or once more where to ask and when.

        Raises:
            RefusalError: No such request.
        """
        if any(fault.what == "endless_result" for fault in faults):
            return self._waiting(request, behaviour, faults)
        answer = self._results.ask(request)
        return self._waiting(request, behaviour, faults) if answer is None else answer

    def _waiting(self, request: str, behaviour: Behaviour, faults: Sequence[Fault]) -> dict[str, object]:
        kinds = {fault.what: fault for fault in faults}
        base = kinds["other_result"].url if "other_result" in kinds else self._base()
        ping: object = str(behaviour.ping_after_s)
        if "ping_after" in kinds:
            ping = json.loads(kinds["ping_after"].value)
        return {"url": f"{base}result?requestid={request}", "ping_after": ping}

    def _final(self, work: Callable[[], str]) -> dict[str, object]:
        """Do it, and say how it ended in the form of a final answer; a refusal is an answer, too."""
        try:
            return {"errcode": Code.DONE, "errmsg": "", "id": work()}
        except RefusalError as refusal:
            return {"errcode": refusal.code, "errmsg": refusal.text}
