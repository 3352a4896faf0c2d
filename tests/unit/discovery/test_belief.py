from syncwatch.config.target import Target
from syncwatch.discovery.belief import Belief


def tenants(count, first=0, **labels):
    return tuple(
        Target.of(f"https://t{n}", {"tenant": f"t{n}", **labels}) for n in range(first, first + count)
    )


def after(belief, *answers, counts=True):
    for answer in answers:
        belief = belief.after(answer, counts=counts)
    return belief


def test_a_first_answer_is_believed_and_so_is_an_empty_one():
    assert after(Belief(), tenants(5)).targets == tenants(5)
    assert after(Belief(), ()).held is None


def test_what_grows_changes_or_loses_a_few_is_believed():
    ten = after(Belief(), tenants(10))
    for answer in (tenants(20), tenants(10, region="eu"), tenants(5), tenants(10, first=5)):
        assert after(ten, answer) == Belief(answer, asked=True)
    assert after(Belief(), tenants(2), ()).targets == ()


def test_what_drops_more_than_half_is_held_until_it_came_three_times_in_a_row():
    belief = after(Belief(), tenants(10), tenants(4))
    assert (belief.targets, belief.held, belief.dropped) == (tenants(10), tenants(4), 6)
    belief = after(belief, tenants(4, region="eu"))
    assert belief.targets == tenants(10)
    assert after(belief, tenants(4)) == Belief(tenants(4), asked=True)


def test_another_answer_in_between_begins_anew():
    belief = after(Belief(), tenants(10), (), (), tenants(1), (), ())
    assert (belief.targets, belief.times) == (tenants(10), 2)
    assert after(belief, ()).targets == ()


def test_a_whole_answer_ends_what_was_held():
    belief = after(Belief(), tenants(10), (), (), tenants(9))
    assert (belief.targets, belief.held, belief.times) == (tenants(9), None, 0)


def test_others_in_the_place_of_most_are_held_too():
    assert after(Belief(), tenants(10), tenants(10, first=6)).dropped == 6


def test_looking_again_and_again_convinces_nobody_but_a_person_does():
    held = after(after(Belief(), tenants(10)), (), (), (), (), counts=False)
    assert (held.targets, held.dropped) == (tenants(10), 10)
    assert held.confirmed() == Belief((), asked=True)
    assert Belief(tenants(3)).confirmed().targets == tenants(3)
    assert after(held, (), (), ()).targets == ()


def test_a_source_that_was_configured_anew_is_believed_at_once():
    assert after(Belief(tenants(10)), ()) == Belief((), asked=True)
