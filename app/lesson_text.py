"""Every sentence about links and lessons, as `app.text` for the views."""

from typing import Final

LINK: Final = "Link to this state"
LINK_LABEL: Final = "Address"
LINK_COPY: Final = "Copy"
LINK_CONTROLS: Final = "Controls"
GUARDS: Final = {"": "free", "lock": "locked", "hide": "hidden"}
LINK_HINT: Final = (
    "It restores what this view shows: settings, seed and what is chosen. Photos are never in it."
)
NOTES: Final = "The link says something that is not possible here:"
NO_LESSON: Final = "There is no such lesson; choose one of these."

LESSONS: Final = "Lessons"
LESSONS_HINT: Final = (
    "Short lessons that set the page up, say where to look, and ask. Each has a link of its own."
)
MINUTES: Final = "about {minutes} minutes"
START: Final = "Start"
STEP: Final = "Step {step} of {steps}"
BACK: Final = "Back"
NEXT: Final = "Next"
FINISH: Final = "Finish"
LEAVE: Final = "Leave the lesson"
CHECK: Final = "Check"
NO_ANSWER: Final = "Choose an answer first."
NO_NUMBER: Final = "Give a number."
DONE: Final = "Finished: {title}"
DONE_MORE: Final = "Next lesson: {title}"
DONE_ALL: Final = "This was the last lesson."
DONE_WORDS: Final = "Everything stays as it is: go on playing with it, or take another lesson."
LESSON_LABEL: Final = "Lesson"
ANSWER_LABEL: Final = "Your answer"
