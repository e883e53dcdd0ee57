"""The tabs Lessons and Bug lab."""

from __future__ import annotations

from .play_page import PlayPage, text_of


def start_lesson(play: PlayPage, name: str) -> None:
    """Start a lesson by its button in the list."""
    with play.answering("lessons") as answers:
        panel = play.tab("lessons")
    title = next(each["title"] for each in answers[0]["lessons"] if each["name"] == name)
    with play.answering("open"):
        panel.get_by_role("button", name=text_of("panels.lessons.start_named", title=title), exact=True).click()
    panel.get_by_role("heading", name=title, exact=True).wait_for()


def test_a_lesson_is_predicted_run_and_answered(play: PlayPage) -> None:
    start_lesson(play, "one-unit")
    panel = play.page.locator("#tab-lessons")
    start = panel.get_by_role("button", name=text_of("panels.lessons.run"), exact=True)
    play.until(start.is_disabled, "the question")  # predict first
    panel.get_by_role("spinbutton").fill("4")
    with play.answering("predict_step"), play.answering("run_step") as answers:
        start.click()
    step = answers[0]["lesson"]["steps"][0]
    assert (step["state"], step["prediction"], step["is_right"]) == ("answered", 4, False)
    panel.get_by_text(text_of("panels.lessons.verdict_wrong"), exact=True).wait_for()
    with play.answering("show_step"):
        panel.get_by_role("button", name=text_of("panels.lessons.next"), exact=True).click()
    choice = panel.get_by_role("radio", name="Most, but not all")
    choice.check()
    with play.answering("run_step") as answers:
        start.click()
    step = answers[0]["lesson"]["steps"][1]
    assert step["is_right"]
    panel.get_by_text(text_of("panels.lessons.verdict_right"), exact=True).wait_for()
    play.until(choice.is_disabled, "the end of the question")


def test_a_question_on_a_mistake_is_answered_once(play: PlayPage) -> None:
    start_lesson(play, "find-the-bug")
    panel = play.page.locator("#tab-lessons")
    steps = play.talk.scene["lesson"]["steps"]
    for _ in range([step["kind"] for step in steps].index("bug")):
        with play.answering("show_step"):
            panel.get_by_role("button", name=text_of("panels.lessons.next"), exact=True).click()
    panel.get_by_text(text_of("panels.lessons.examine"), exact=True).wait_for()
    assert panel.get_by_text(text_of("panels.lessons.predict_first"), exact=True).count() == 0
    panel.get_by_role("radio").first.check()
    check = panel.get_by_role("button", name=text_of("panels.lessons.check"), exact=True)
    with play.answering("run_step"):
        check.click()
    panel.locator(".lesson-feedback").wait_for()
    check.wait_for(state="detached")


def test_a_lesson_shows_its_own_controls(play: PlayPage) -> None:
    start_lesson(play, "one-unit")
    assert play.talk.scene["network"]["layer_sizes"] == [2, 1]
    play.parameter("learning_rate_init").wait_for(state="visible")
    play.parameter("solver").wait_for(state="hidden")
    play.parameter("alpha").wait_for(state="hidden")
    with play.answering("leave_lesson"):
        play.page.locator("#settings").get_by_role("button", name=text_of("shell.lesson.leave"), exact=True).click()
    play.parameter("solver").wait_for(state="visible")
    assert play.talk.scene["lesson"] is None
    play.page.locator("#tab-lessons").get_by_role("heading", name=text_of("panels.lessons.title")).wait_for()


def test_every_lesson_opens(play: PlayPage) -> None:
    with play.answering("lessons") as answers:
        panel = play.tab("lessons")
    lessons = answers[0]["lessons"]
    assert len(lessons) >= 6
    for lesson in lessons:
        with play.answering("open") as opened:
            title = lesson["title"]
            panel.get_by_role("button", name=text_of("panels.lessons.start_named", title=title), exact=True).click()
        assert opened[0]["lesson"]["name"] == lesson["name"]
        panel.get_by_role("heading", name=title, exact=True).wait_for()
        with play.answering("leave_lesson"):
            panel.get_by_role("button", name=text_of("panels.lessons.leave"), exact=True).click()


def check_gradient(play: PlayPage) -> bool:
    """Click "Check the gradient"; returns whether it is right."""
    with play.answering("check_bug") as answers:
        play.button("panels.bugs.check").click()
    play.page.locator("#tab-bugs").get_by_text(answers[0]["text"]).wait_for()
    return answers[0]["is_right"]


def test_a_hidden_mistake_is_found(play: PlayPage) -> None:
    panel = play.tab("bugs")
    with play.answering("set_bug") as answers:
        panel.get_by_role("button", name=text_of("panels.bugs.mystery"), exact=True).click()
    bug = answers[0]["bug"]
    assert bug["name"] is None
    play.frame_at(0)
    play.train(2)
    check_gradient(play)
    guess = panel.get_by_role("combobox", name=text_of("panels.bugs.guess_label"), exact=True)
    options = guess.locator("option")
    play.until(lambda: options.count() >= 5, "the mistakes")
    names = guess.evaluate("select => [...select.options].map((option) => option.value)")
    for name in names:
        guess.select_option(name)
        with play.answering("guess_bug") as answers:
            play.button("panels.bugs.guess").click()
        if answers[0]["is_right"]:
            break
    else:
        raise AssertionError("none of the guesses is right")
    play.until(lambda: (play.talk.scene["bug"] or {}).get("name") == name, "the name of the mistake")
    panel.get_by_text(text_of("panels.bugs.hidden_title")).wait_for(state="detached")
    with play.answering("set_bug"):
        play.button("panels.bugs.leave").click()
    assert play.talk.scene["bug"] is None
    play.frame_at(0)
    play.train(1)


def test_the_instruments_tell_a_mistake_from_the_right_program(play: PlayPage) -> None:
    with play.answering("bugs") as answers:
        panel = play.tab("bugs")
    first = answers[0]["bugs"][0]
    panel.get_by_text(first["title"], exact=True).click()
    with play.answering("set_bug"):
        panel.get_by_role("button", name=text_of("panels.bugs.switch_on"), exact=True).locator("visible=true").click()
    assert play.talk.scene["bug"]["name"] == first["name"]
    play.page.locator("#settings").get_by_text(text_of("shell.bug.on")).wait_for()
    assert not check_gradient(play)
    with play.answering("prove_weight") as answers:
        play.button("panels.bugs.prove").click()
    proof = answers[0]
    assert proof["error"] < 1e-7  # the right program agrees with the differences
    assert proof["bug"]["error"] > 1e-3
    shown = play.page.locator("#tab-prove")
    row = shown.locator("tr.wrong").get_by_text(text_of("panels.prove.program"), exact=True)
    row.wait_for()
    with play.answering("set_bug"):
        play.page.locator("#settings").get_by_role("button", name=text_of("shell.bug.repair"), exact=True).click()
    play.page.locator("#settings").get_by_text(text_of("shell.bug.on")).wait_for(state="hidden")
