"""A codec in Python: every byte is a token, its value the id."""

import array
import os
import sys

# Python runs isolated in a cell: a script finds what lies next to it only where it says so.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from bulkhead_cell import INVALID_ARGUMENT, UNSUPPORTED, CallError, Cell

ENCODE, DECODE, COUNT, INFO = 0, 1, 3, 9  # BH_CODEC_*
WITH_OFFSETS = 1
STEP = 1 << 16


def little_endian(numbers):
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


class Bytes:
    def dispatch(self, call, interface, method, params, results):
        if interface != "bulkhead.codec/1":
            raise CallError(UNSUPPORTED, f"there is no interface {interface}")
        methods = {ENCODE: self.encode, DECODE: self.decode, COUNT: self.count, INFO: self.info}
        if method not in methods:
            raise CallError(UNSUPPORTED, f"this plugin has no method {method} of {interface}")
        methods[method](call, params, results)

    def chosen(self, params):
        text, most = params.data(0), params.u64(0)
        truncated = most != 0 and most < len(text)
        return (text[:most] if truncated else text), truncated

    def encode(self, call, params, results):
        text, truncated = self.chosen(params)
        ids = array.array("I")
        for at in range(0, len(text), STEP):
            call.check()  # cancelled, or out of time?
            ids.extend(text[at : at + STEP])
        result = results(1, 2)
        result.set_u32_list(0, little_endian(ids))
        if params.u32(8) & WITH_OFFSETS:
            result.set_u64_list(1, little_endian(array.array("Q", range(len(text) + 1))))
        result.set("B", 0, truncated)

    def decode(self, call, params, results):
        ids = params.u32_list(0)
        text = bytearray()
        for at in range(0, len(ids), STEP):
            call.check()
            for id in ids[at : at + STEP]:
                if id > 255:
                    raise CallError(INVALID_ARGUMENT, f"id {id} is no byte")
                text.append(id)
        results(0, 1).set_data(0, text)

    def count(self, call, params, results):
        text, truncated = self.chosen(params)
        result = results(2, 0)
        result.set("Q", 0, len(text))
        result.set("B", 8, truncated)

    def info(self, call, params, results):
        result = results(3, 3)
        result.set_text(0, "bytes")
        result.set_text(1, "mul")
        for offset, number in ((0, 256), (8, 255), (16, 1)):
            result.set("Q", offset, number)


if __name__ == "__main__":
    Cell(int(os.environ["BULKHEAD_SOCKET"]), "exec_python", "1.0.0", ["bulkhead.codec/1"],
         lambda call, config: Bytes()).serve()
