/* The calls of a sentence go to the slot that has read it. */
#include "serving/slots.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void a_sentence_keeps_its_slot(void **state) {
    (void)state;
    struct el_slots slots = {0};
    assert_true(el_slots_init(&slots, 2));
    assert_false(el_slots_knows(&slots, 0));
    int zero = el_slots_take(&slots, 0);
    assert_true(el_slots_knows(&slots, 0));
    assert_int_equal(el_slots_take(&slots, 0), EL_NO_SLOT); /* busy: the next call waits for it */
    int one = el_slots_take(&slots, 1);
    assert_int_not_equal(zero, one);
    assert_int_equal(el_slots_take(&slots, 2), EL_NO_SLOT); /* all are busy */
    el_slots_release(&slots, one);
    el_slots_release(&slots, zero);
    assert_int_equal(el_slots_take(&slots, 1), one);
    el_slots_release(&slots, one);
    el_slots_free(&slots);
}

static void a_new_sentence_takes_the_slot_idle_longest(void **state) {
    (void)state;
    struct el_slots slots = {0};
    assert_true(el_slots_init(&slots, 3));
    for (uint64_t order = 10; order < 13; order++) {
        el_slots_release(&slots, el_slots_take(&slots, order));
    }
    int ten = el_slots_take(&slots, 10); /* used again: now the newest */
    el_slots_release(&slots, ten);
    int thirteen = el_slots_take(&slots, 13);
    assert_int_not_equal(thirteen, ten);
    assert_false(el_slots_knows(&slots, 11));
    assert_true(el_slots_knows(&slots, 12));
    assert_true(el_slots_knows(&slots, 10));
    el_slots_free(&slots);
}

static void a_finished_sentence_gives_its_slot(void **state) {
    (void)state;
    struct el_slots slots = {0};
    assert_true(el_slots_init(&slots, 3));
    for (uint64_t order = 0; order < 3; order++) {
        el_slots_release(&slots, el_slots_take(&slots, order));
    }
    int last = el_slots_take(&slots, 2); /* used most recently, but done with */
    el_slots_release(&slots, last);
    el_slots_forget(&slots, 2);
    el_slots_forget(&slots, 99);
    assert_int_equal(el_slots_take(&slots, 3), last);
    assert_true(el_slots_knows(&slots, 0) && el_slots_knows(&slots, 1));
    el_slots_free(&slots);
}

static void a_busy_slot_is_never_taken(void **state) {
    (void)state;
    struct el_slots slots = {0};
    assert_true(el_slots_init(&slots, 2));
    int zero = el_slots_take(&slots, 0);
    for (uint64_t order = 1; order < 9; order++) {
        int other = el_slots_take(&slots, order);
        assert_int_not_equal(other, zero);
        assert_int_not_equal(other, EL_NO_SLOT);
        el_slots_release(&slots, other);
    }
    assert_true(el_slots_knows(&slots, 0));
    el_slots_free(&slots);
}

static void a_server_started_again_has_read_nothing(void **state) {
    (void)state;
    struct el_slots slots = {0};
    assert_true(el_slots_init(&slots, 1));
    el_slots_take(&slots, 7);
    assert_true(el_slots_init(&slots, 1));
    assert_false(el_slots_knows(&slots, 7));
    assert_int_equal(el_slots_take(&slots, 8), 0);
    assert_true(el_slots_init(&slots, 0));
    assert_int_equal(el_slots_take(&slots, 8), EL_NO_SLOT);
    el_slots_release(&slots, EL_NO_SLOT);
    el_slots_release(&slots, 5);
    el_slots_free(&slots);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sentence_keeps_its_slot),
        cmocka_unit_test(a_new_sentence_takes_the_slot_idle_longest),
        cmocka_unit_test(a_finished_sentence_gives_its_slot),
        cmocka_unit_test(a_busy_slot_is_never_taken),
        cmocka_unit_test(a_server_started_again_has_read_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
