"""The Cap'n Proto reader and writer of samples/exec_python: against Cap'n Proto's own tool, and
against bytes that lie.  message_test.py SAMPLE_FOLDER SCHEMA_FOLDER"""

import os
import random
import socket
import subprocess
import sys
import threading
import unittest

SAMPLE, SCHEMA = sys.argv[1:3]
sys.path.insert(0, SAMPLE)
from bulkhead_cell import Cell
from capnp_message import Builder, Malformed, Message, frame_size


def parsed(frame):
    table, sizes = frame_size(frame)
    return Message(bytes(frame[table:]), sizes)


def encoded(type, text, packing="binary"):
    """A message of that text, by the tool `capnp`."""
    command = ["capnp", "convert", f"text:{packing}", os.path.join(SCHEMA, "core.capnp"), type]
    return subprocess.run(command, input=text.encode(), capture_output=True, check=True).stdout


def decoded(type, frame):
    command = ["capnp", "convert", "binary:text", os.path.join(SCHEMA, "core.capnp"), type]
    return subprocess.run(command, input=frame, capture_output=True, check=True).stdout.decode()


class MessageTest(unittest.TestCase):
    def test_reads_what_capnp_writes(self):
        root = parsed(encoded("OpenParams", '(context = (id = 7, deadline = -1), config = ['
                              '(key = "a", value = (text = "b")), (key = "n", value = (integer = -5)),'
                              '(key = "f", value = (number = 0.5)), (key = "t", value = (boolean = true))])')).root()
        self.assertEqual(root.struct(0).u64(0), 7)
        self.assertEqual(root.struct(0).i64(8), -1)
        entries = root.structs(1)
        self.assertEqual([entry.text(0) for entry in entries], ["a", "n", "f", "t"])
        self.assertEqual(entries[0].text(1), "b")
        self.assertEqual(entries[1].i64(8), -5)
        self.assertEqual(entries[2].f64(8), 0.5)
        self.assertEqual(entries[3].u16(0) & 1, 1)

    def test_capnp_reads_what_it_writes(self):
        builder = Builder(0, 2)
        builder.root.struct(0, 1, 1).set("i", 0, 3)
        descriptor = builder.root.struct(1, 2, 6)
        descriptor.set_text(1, "name")
        descriptor.set_texts(3, ["one/1", "two/2"])
        text = decoded("LoadResults", builder.frame())
        self.assertIn("code = 3", text)
        self.assertIn('id = "name"', text)
        self.assertIn('["one/1", "two/2"]', text.replace("\n", " ").replace("    ", ""))

    def test_absent_fields_read_as_zero(self):
        root = parsed(Builder(0, 0).frame()).root()
        self.assertEqual((root.u64(0), root.text(0), len(root.u32_list(3)), root.structs(1)), (0, "", 0, []))

    def test_far_pointers(self):
        # Segment 0: a far pointer to the pad in segment 1, before a text.
        word = lambda value: value.to_bytes(8, "little")
        pad = 1 | 2 << 32 | 6 << 35  # a list of 6 bytes, right behind the pad
        first = word(0 | 0 << 2 | 1 << 48) + word(2 | 0 << 3 | 1 << 32)
        message = Message(first + word(pad) + b"hello\0\0\0", (2, 2))
        self.assertEqual(message.root().text(0), "hello")
        # Double far: segment 1 has the pad, segment 2 the text.
        first = word(1 << 48) + word(2 | 4 | 0 << 3 | 1 << 32)
        pads = word(2 | 0 << 3 | 2 << 32) + word(1 | 2 << 32 | 6 << 35)
        message = Message(first + pads + b"hello\0\0\0", (2, 2, 1))
        self.assertEqual(message.root().text(0), "hello")

    def test_a_message_that_leads_out_of_itself_is_malformed(self):
        word = lambda value: value.to_bytes(8, "little")
        for pointer in (1 | 2 << 32 | 1000 << 35, 1 | 0x1FFFFFFF << 2 | 2 << 32 | 8 << 35,
                        2 | 9 << 32, 2 | 1000 << 3, 1 | 7 << 32 | 1 << 35):
            message = Message(word(1 << 48) + word(pointer), (2,))
            with self.assertRaises(Malformed):
                message.root().text(0)

    def test_overlapping_lists_have_a_budget(self):
        builder = Builder(0, 1)
        builder.root.set_data(0, bytes(100_000))
        root = parsed(builder.frame()).root()
        with self.assertRaises(Malformed):
            for _ in range(100):
                root.data(0)

    def test_random_damage_is_malformed_or_another_value(self):
        good = encoded("OpenParams", '(context = (id = 7), config = [(key = "abc", value = (text = "def"))])')
        generator = random.Random(1)
        for _ in range(20_000):
            frame = bytearray(good)
            for _ in range(generator.randint(1, 4)):
                frame[generator.randrange(8, len(frame))] = generator.randrange(256)
            try:
                root = parsed(frame).root()
                root.struct(0).u64(0)
                for entry in root.structs(1):
                    entry.text(0), entry.text(1), entry.capability(1)
            except Malformed:
                pass


class CellTest(unittest.TestCase):
    def talk(self, sent):
        """What a cell answers to these bytes, and how it ended."""
        ours, theirs = socket.socketpair()
        ended = []

        def run():
            try:
                Cell(theirs.fileno(), "id", "1.0.0", [], lambda call, config: None).serve()
                ended.append("served")
            except Malformed:
                ended.append("malformed")
            theirs.close()

        thread = threading.Thread(target=run)
        thread.start()
        ours.sendall(sent)
        ours.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := ours.recv(65536):
            answer += chunk
        thread.join()
        ours.close()
        return answer, ended[0]

    def test_bootstrap(self):
        ask = Builder(1, 1)
        ask.root.set("H", 0, 8)
        ask.root.struct(0, 1, 1).set("I", 0, 17)
        answer, ended = self.talk(ask.frame())
        root = parsed(answer).root()
        self.assertEqual((root.u16(0), root.struct(0).u32(0), ended), (3, 17, "served"))
        payload = root.struct(0).struct(0)
        self.assertEqual(payload.capability(0), 0)
        self.assertEqual(payload.structs(1)[0].u16(0), 1)

    def test_what_it_does_not_know_is_answered_as_unimplemented(self):
        for kind in (13, 10, 99):
            ask = Builder(1, 1)
            ask.root.set("H", 0, kind)
            answer, ended = self.talk(ask.frame())
            root = parsed(answer).root()
            self.assertEqual((root.u16(0), root.struct(0).u16(0), ended), (0, kind, "served"))

    def test_a_call_of_something_else_is_an_exception(self):
        ask = Builder(1, 1)
        ask.root.set("H", 0, 2)
        call = ask.root.struct(0, 3, 3)
        call.set("I", 0, 5)
        call.set("Q", 8, 1234)
        answer, ended = self.talk(ask.frame())
        result = parsed(answer).root().struct(0)
        self.assertEqual((result.u32(0), result.u16(6), ended), (5, 1, "served"))

    def test_garbage_ends_it(self):
        generator = random.Random(2)
        for sent in (b"\xff" * 64, b"\0\0\0\0\xff\xff\xff\xff" * 4, generator.randbytes(5000)):
            self.assertEqual(self.talk(sent)[1], "malformed")


unittest.main(argv=[sys.argv[0]])
