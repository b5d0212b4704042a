// Expected ids from npm tiktoken (WASM), an implementation that shares nothing with this one.
//
//   expect.mjs TIKTOKEN ENCODING INPUT OUTPUT.u32 [--lines|--texts]
//
// TIKTOKEN is the folder of the unpacked package tiktoken@1.0.22. INPUT is one text, and OUTPUT its
// ids as little-endian u32. With --lines each line of INPUT (without its line break) is a text of its
// own, with --texts INPUT is what random_text.mjs writes: then OUTPUT holds for each text the number
// of its ids, then these ids.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

// The patterns of tiktoken 0.14, where they are written otherwise than in tiktoken@1.0.22.
const patterns = {
  gpt2: String.raw`'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s`,
  cl100k_base: String.raw`'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s`,
};

const [folder, name, input, output, mode] = process.argv.slice(2);
const require = createRequire(import.meta.url);
const { Tiktoken } = require(join(folder, 'tiktoken.cjs'));
const { bpe_ranks, special_tokens, pat_str } = require(join(folder, `encoders/${name}.json`));
const oracle = new Tiktoken(bpe_ranks, special_tokens, patterns[name] ?? pat_str);
const encode = (text) => oracle.encode(text, [], []);

const source = readFileSync(input);
function* texts() {
  if (mode === '--lines') {
    yield* source.toString('utf8').replace(/\n$/, '').split('\n');
  } else {
    for (let at = 0; at < source.length; ) {
      const length = source.readUInt32LE(at);
      yield source.toString('utf8', at + 4, at + 4 + length);
      at += 4 + length;
    }
  }
}
const parts = [];
if (mode === undefined) {
  parts.push(encode(source.toString('utf8')));
} else {
  for (const text of texts()) {
    const ids = encode(text);
    parts.push(Uint32Array.of(ids.length), ids);
  }
}
writeFileSync(output, Buffer.concat(parts.map((p) => Buffer.from(p.buffer, p.byteOffset, p.byteLength))));
