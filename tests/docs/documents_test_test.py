#!/usr/bin/env python3
"""The checks of the documents find what is not true, and nothing else."""

import unittest

import fenced_blocks
import same_output


class SameOutput(unittest.TestCase):
    def test_numbers_times_and_machines_may_differ(self):
        for shown, printed in [
            ("  token:    1795199717616654", "  token: 17"),
            ("  lease remaining: 29s969ms", "  lease remaining: 30s"),
            ("  complete time: 2 s ago (2026-11-20T18:35:17Z)", "  complete time: now (2026-11-20T20:06:03Z)"),
            ("  owner: till-3:25954", "  owner: vm:17421"),
            ("  expire time: 2026-11-21T18:35:17.686Z", "  expire time: 2027-01-01T00:00:00.1Z"),
        ]:
            self.assertTrue(same_output.same([shown], [printed]), shown)

    def test_words_may_not(self):
        self.assertFalse(same_output.same(["done"], ["in progress"]))
        self.assertFalse(same_output.same(["  payload: placed as 88"], ["  payload: nothing"]))
        self.assertFalse(same_output.same(["a", "b"], ["b", "a"]))

    def test_lines_may_not_be_missing(self):
        self.assertFalse(same_output.same(["a"], ["a", "b"]))
        self.assertFalse(same_output.same(["a", "b"], ["a"]))
        self.assertFalse(same_output.same([], ["a"]))

    def test_dots_stand_for_any_lines(self):
        self.assertTrue(same_output.same(["a", "...", "d"], ["a", "b", "c", "d"]))
        self.assertFalse(same_output.same(["a", "...", "d"], ["a", "b"]))


class FencedBlocks(unittest.TestCase):
    def steps(self, text):
        (block,) = fenced_blocks.blocks_of(text)
        return [(step.command, step.shown) for step in fenced_blocks.steps_of(block)]

    def test_commands_may_take_several_lines(self):
        text = "```sh\n# why\na \\\n  b\nfor i in 1 2; do\n  c\ndone\ncat <<END\nd\nEND\n```\n"
        self.assertEqual([command for command, _ in self.steps(text)],
                         ["a \\\n  b", "for i in 1 2; do\n  c\ndone", "cat <<END\nd\nEND"])

    def test_output_belongs_to_the_command_before_it(self):
        self.assertEqual(self.steps("```console\n$ a\n1\n2\n$ b\n```\n"), [("a", ["1", "2"]), ("b", [])])

    def test_a_block_may_be_run_elsewhere(self):
        (block,) = fenced_blocks.blocks_of("<!-- run by tests/x.py -->\n```sh\na\n```\n")
        self.assertEqual(block.elsewhere, "tests/x.py")

    def test_what_never_ends_is_refused(self):
        with self.assertRaises(ValueError):
            self.steps("```sh\nif true; then\n```\n")


if __name__ == "__main__":
    unittest.main()
