"""How a question is asked: its option, the person, or its default; with ``?`` for help and ``<`` for the one before.

What does not live here: which questions there are (``questions.py``). The idea: a question is data, so the same one
serves a terminal, a script and a test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from u8sync.cli.session import Session
from u8sync.cli.setup.terminal import Terminal
from u8sync.errors import InputError
from u8sync.text import Message, msg

__all__ = ["Answers", "Asker", "Question"]

Answers = Mapping[str, str]
"""Name of a question -> its answer. No secret stands among them."""

HELP = "?"
BACK = "<"


@dataclass(frozen=True)
class Question:
    """One thing that a person decides.

    Attributes:
        name: Its name among the answers.
        option: The option that answers it.
        text: The question.
        why: What hangs on it, one sentence.
        default: The usual answer, given those before; null: there is none.
        choices: The only answers, each with what it means; empty: any text.
        when: Whether it matters, given the answers before.
        check: What is wrong with an answer; null: nothing.
    """

    name: str
    option: str
    text: Message
    why: Message
    default: Callable[[Answers], str | None] = lambda _: None
    choices: Sequence[tuple[str, Message]] = ()
    when: Callable[[Answers], bool] = lambda _: True
    check: Callable[[str], Message | None] = lambda _: None

    def wrong(self, answer: str) -> Message | None:
        """What is wrong with an answer; null: nothing."""
        if not answer.isprintable():
            return msg("this has characters that cannot be seen")
        if self.choices and answer not in dict(self.choices):
            return msg("the answers are: {names}", names=", ".join(dict(self.choices)))
        return self.check(answer)


@dataclass(frozen=True)
class Asker:
    """Puts questions to whoever can answer.

    Attributes:
        session: Says things.
        terminal: The person.
        given: Answers from the command line.
        usual: Answers of an earlier try; they take the place of the defaults.
        take_defaults: Whether a question that has a default is not asked.
    """

    session: Session
    terminal: Terminal
    given: Answers
    usual: Answers
    take_defaults: bool

    def ask_all(self, questions: Sequence[Question], before: Answers) -> dict[str, str]:
        """The answers to all questions that matter, with those before.

        Raises InputError for an option that is no answer, and where nobody is there to answer.
        """
        answers = dict(before)
        asked: list[int] = []
        at = 0
        while at < len(questions):
            question = questions[at]
            if not question.when(answers):
                answers.pop(question.name, None)
                at += 1
                continue
            known = self._known(question, answers)
            if known is not None:
                answers[question.name] = known
                at += 1
                continue
            answer = self._ask(question, answers)
            if answer is None:
                if asked:
                    at = asked.pop()
                else:
                    self.session.say(msg("This is the first question."))
                continue
            answers[question.name] = answer
            asked.append(at)
            at += 1
        return answers

    def secret(self, text: Message, hint: Message) -> str:
        """A secret, typed unseen. Raises InputError where nobody is there to type."""
        if not self.terminal.attended:
            raise InputError(msg("{question} There is nobody to answer.", question=text), hint=hint)
        while True:
            typed = self.terminal.secret(f"{self.session.translate(text)}: ")
            if typed:
                return typed
            self.session.say(msg("Nothing was typed. Ctrl+C ends it."))

    def _known(self, question: Question, answers: Answers) -> str | None:
        """The answer that needs no person; null when one has to be asked."""
        given = self.given.get(question.name)
        if given is not None:
            wrong = question.wrong(given)
            if wrong is not None:
                raise InputError(
                    msg("{option}: {wrong}.", option=question.option, wrong=wrong),
                    hint=msg("Nothing was written. 'u8sync init --help' says what each option is for."),
                )
            return given
        usual = self._usual(question, answers)
        if self.take_defaults and usual is not None:
            return usual
        if not self.terminal.attended:
            raise InputError(
                msg("{question} There is nobody to answer.", question=question.text),
                hint=msg("Answer with {option}, or take what is usual with --yes.", option=question.option)
                if usual is not None
                else msg("Answer with {option}.", option=question.option),
            )
        return None

    def _usual(self, question: Question, answers: Answers) -> str | None:
        earlier = answers.get(question.name) or self.usual.get(question.name)
        if earlier is not None and question.wrong(earlier) is None:
            return earlier
        return question.default(answers)

    def _ask(self, question: Question, answers: Answers) -> str | None:
        """What the person answers; null: back to the question before."""
        say = self.session.say
        usual = self._usual(question, answers)
        self.session.out.print()
        say(question.text)
        names = [name for name, _ in question.choices]
        for number, (name, meaning) in enumerate(question.choices, 1):
            say(msg("  {number}. {name}: {meaning}", number=number, name=name, meaning=meaning))
        prompt = "> " if usual is None else f"[{usual}] > "
        while True:
            self.session.out.file.flush()
            typed = self.terminal.line(prompt)
            if typed == HELP:
                say(question.why)
                say(
                    msg(
                        "Enter takes what stands in brackets; {back} goes back; Ctrl+C ends it, and nothing is left"
                        " behind. As an option: {option}.",
                        back=BACK,
                        option=question.option,
                    )
                )
                continue
            if typed == BACK:
                return None
            if typed.isascii() and typed.isdigit() and typed not in names and 1 <= int(typed) <= len(names):
                typed = names[int(typed) - 1]
            answer = typed or usual
            wrong = msg("an answer is needed") if answer is None else question.wrong(answer)
            if wrong is None:
                return answer
            say(msg("{wrong}. {help} explains the question.", wrong=wrong, help=HELP))
