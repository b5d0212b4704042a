"""Cap'n Proto messages, as much of them as the schemas of Bulkhead use: reading with strict bounds,
and writing in one segment. https://capnproto.org/encoding.html"""

import struct

MAX_SEGMENTS = 256
WORD = 8


class Malformed(Exception):
    """The bytes are no valid message."""


def frame_size(head):
    """Of the start of a stream: (bytes of the segment table, sizes of the segments in words), or
    None while more of it is needed."""
    if len(head) < 4:
        return None
    count = struct.unpack_from("<I", head)[0] + 1
    if count > MAX_SEGMENTS:
        raise Malformed(f"a message of {count} segments")
    table = (4 + 4 * count + 7) // 8 * 8
    if len(head) < table:
        return None
    return table, struct.unpack_from(f"<{count}I", head, 4)


class Message:
    """One received message. What a reader may look at is limited by what was received."""

    def __init__(self, body, sizes):
        self.segments = []
        at = 0
        for words in sizes:
            self.segments.append(body[at : at + words * WORD])
            at += words * WORD
        # Lists may overlap: what is read in all is bounded, so that a small message costs little.
        self.budget = 8 * (at // WORD) + 1024

    def root(self):
        return Pointers(self, 0, 0, 1).struct(0)

    def words(self, segment, at, count):
        """Bounds of `count` words; counted."""
        if segment >= len(self.segments):
            raise Malformed("a pointer into a segment that is not there")
        if at < 0 or (at + count) * WORD > len(self.segments[segment]):
            raise Malformed("a pointer leads out of its segment")
        self.budget -= count + 1
        if self.budget < 0:
            raise Malformed("a message that refers to the same bytes too often")

    def word(self, segment, at):
        self.words(segment, at, 1)
        return struct.unpack_from("<Q", self.segments[segment], at * WORD)[0]

    def resolve(self, segment, at):
        """Follows far pointers: (pointer, its segment, the place that its offset counts from)."""
        pointer = self.word(segment, at)
        if pointer & 3 != 2:
            return pointer, segment, at + 1
        pad, target = pointer >> 32, (pointer >> 3) & 0x1FFFFFFF
        landing = self.word(pad, target)
        if not pointer & 4:
            if landing & 3 == 2:
                raise Malformed("a far pointer to a far pointer")
            return landing, pad, target + 1
        tag = self.word(pad, target + 1)
        if landing & 7 != 2 or tag & 3 > 1:
            raise Malformed("a bad double far pointer")
        # The tag has no offset of its own: it counts from where the landing pad says.
        return tag & ~0xFFFFFFFC, landing >> 32, (landing >> 3) & 0x1FFFFFFF


def signed_offset(pointer):
    offset = (pointer >> 2) & 0x3FFFFFFF
    return offset - (1 << 30) if offset & (1 << 29) else offset


class Pointers:
    """The pointers of a struct, or of a list of pointers."""

    def __init__(self, message, segment, at, count):
        self.message, self.segment, self.at, self.count = message, segment, at, count

    def __len__(self):
        return self.count

    def resolve(self, index):
        if index >= self.count:
            return 0, 0, 0
        return self.message.resolve(self.segment, self.at + index)

    def struct(self, index):
        pointer, segment, at = self.resolve(index)
        if pointer == 0:
            return EMPTY
        if pointer & 3 != 0:
            raise Malformed("a struct was expected")
        data, count = (pointer >> 32) & 0xFFFF, pointer >> 48
        at += signed_offset(pointer)
        self.message.words(segment, at, data + count)
        return Struct(self.message, segment, at, data, count)

    def list(self, index, kind):
        """(segment, place, elements) of a list whose elements have that size code."""
        pointer, segment, at = self.resolve(index)
        if pointer == 0:
            return 0, 0, 0
        if pointer & 3 != 1 or (pointer >> 32) & 7 != kind:
            raise Malformed("a list of another type was expected")
        count = pointer >> 35
        at += signed_offset(pointer)
        words = {2: (count + 7) // 8, 4: (count + 1) // 2, 5: count, 6: count, 7: count + 1}[kind]
        self.message.words(segment, at, words)
        return segment, at, count

    def data(self, index):
        segment, at, count = self.list(index, 2)
        return self.message.segments[segment][at * WORD : at * WORD + count] if count else b""

    def text(self, index):
        raw = bytes(self.data(index))
        if raw and raw[-1] != 0:
            raise Malformed("a text without its terminator")
        return raw[:-1].decode("utf-8", "replace")

    def u32_list(self, index):
        segment, at, count = self.list(index, 4)
        if count == 0:
            return []
        return memoryview(self.message.segments[segment])[at * WORD : at * WORD + 4 * count].cast("I")

    def structs(self, index):
        segment, at, words = self.list(index, 7)
        if words == 0:
            return []
        tag = self.message.word(segment, at)
        count, data, pointers = (tag >> 2) & 0x3FFFFFFF, (tag >> 32) & 0xFFFF, tag >> 48
        if count * (data + pointers) > words or count > self.message.budget:
            raise Malformed("a list of structs that is larger than its place")
        self.message.budget -= count
        size = data + pointers
        return [Struct(self.message, segment, at + 1 + i * size, data, pointers) for i in range(count)]

    def capability(self, index):
        """The index in the table of capabilities, or None."""
        pointer, _, _ = self.resolve(index)
        if pointer == 0:
            return None
        if pointer & 0xFFFFFFFF != 3:
            raise Malformed("a capability was expected")
        return pointer >> 32


class Struct(Pointers):
    """Fields that an older sender does not have read as zero."""

    def __init__(self, message, segment, at, data, count):
        super().__init__(message, segment, at + data, count)
        self.begin, self.size = at * WORD, data * WORD

    def number(self, format, offset):
        if offset + struct.calcsize(format) > self.size:
            return 0
        return struct.unpack_from("<" + format, self.message.segments[self.segment], self.begin + offset)[0]

    def u16(self, offset):
        return self.number("H", offset)

    def u32(self, offset):
        return self.number("I", offset)

    def u64(self, offset):
        return self.number("Q", offset)

    def i64(self, offset):
        return self.number("q", offset)

    def f64(self, offset):
        return self.number("d", offset)


EMPTY = Struct(Message(b"", ()), 0, 0, 0, 0)


class Builder:
    """A message in one segment."""

    def __init__(self, data, pointers):
        self.bytes = bytearray(WORD)
        self.root = self.struct_at(0, data, pointers)

    def allocate(self, size):
        at = len(self.bytes)
        self.bytes += bytes((size + 7) // 8 * 8)
        return at

    def struct_at(self, pointer, data, pointers):
        at = self.allocate((data + pointers) * WORD)
        self.point(pointer, at, 0, data | pointers << 16)
        return StructBuilder(self, at, at + data * WORD)

    def point(self, pointer, at, kind, upper):
        offset = ((at - pointer) // WORD - 1) & 0x3FFFFFFF
        struct.pack_into("<II", self.bytes, pointer, kind | offset << 2, upper)

    def frame(self):
        return struct.pack("<II", 0, len(self.bytes) // WORD) + self.bytes


class StructBuilder:
    def __init__(self, builder, data, pointers):
        self.builder, self.data, self.pointers = builder, data, pointers

    def set(self, format, offset, value):
        struct.pack_into("<" + format, self.builder.bytes, self.data + offset, value)

    def struct(self, index, data, pointers):
        return self.builder.struct_at(self.pointers + index * WORD, data, pointers)

    def list_of(self, index, kind, count, raw):
        if count >= 1 << 29:
            raise ValueError("a list of Cap'n Proto has less than 2^29 elements")
        at = self.builder.allocate(len(raw))
        self.builder.bytes[at : at + len(raw)] = raw
        self.builder.point(self.pointers + index * WORD, at, 1, kind | count << 3)

    def set_data(self, index, raw):
        self.list_of(index, 2, len(raw), raw)

    def set_text(self, index, text):
        self.set_data(index, text.encode("utf-8", "replace") + b"\0")

    def set_u32_list(self, index, raw):
        """`raw`: little-endian bytes."""
        self.list_of(index, 4, len(raw) // 4, raw)

    def set_u64_list(self, index, raw):
        self.list_of(index, 5, len(raw) // 8, raw)

    def set_texts(self, index, texts):
        at = self.builder.allocate(len(texts) * WORD)
        self.builder.point(self.pointers + index * WORD, at, 1, 6 | len(texts) << 3)
        holder = StructBuilder(self.builder, at, at)
        for i, text in enumerate(texts):
            holder.set_text(i, text)

    def structs(self, index, count, data, pointers):
        size = (data + pointers) * WORD
        at = self.builder.allocate(WORD + count * size)
        self.builder.point(self.pointers + index * WORD, at, 1, 7 | count * (data + pointers) << 3)
        struct.pack_into("<II", self.builder.bytes, at, count << 2, data | pointers << 16)
        begins = range(at + WORD, at + WORD + count * size, size or 1)
        return [StructBuilder(self.builder, begin, begin + data * WORD) for begin in begins][:count]

    def set_capability(self, index, number):
        struct.pack_into("<II", self.builder.bytes, self.pointers + index * WORD, 3, number)
