// random_text.mjs OUTPUT COUNT SEED: random Unicode texts, each as its length in bytes (little-endian
// u32) and its bytes; the same for the same seed. Made of what the split patterns look at: scripts, cases, marks, digits, all white space,
// contractions, line breaks, special-token text, and anything else but surrogates.
import { writeFileSync } from 'node:fs';

const [output, count, seed] = process.argv.slice(2);

let state = BigInt(seed);
const mask = (1n << 64n) - 1n;
const next = () => {  // splitmix64
  state = (state + 0x9e3779b97f4a7c15n) & mask;
  let z = state;
  z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & mask;
  z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & mask;
  return Number((z ^ (z >> 31n)) >> 33n);
};
const below = (n) => next() % n;
const pick = (list) => list[below(list.length)];
const between = (low, high) => low + below(high - low + 1);
const range = (low, high) => () => String.fromCodePoint(between(low, high));
const repeat = (make, most) => Array.from({ length: between(1, most) }, make).join('');

const spaces = [' ', ' ', ' ', '  ', '\t', '\n', '\r', '\r\n', '\v', '\f', '\u0085', '\u00a0', '\u1680',
  '\u2000', '\u2003', '\u200a', '\u2028', '\u2029', '\u202f', '\u205f', '\u3000', '\u200b', '\ufeff',
  '\n\n', ' \n', '\n '];
const contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'\u017f", "'l", "'v", "'x", "\u2019s"];
const anyCase = (text) => [...text].map((c) => (below(2) ? c.toUpperCase() : c)).join('');
const letters = [range(0x61, 0x7a), range(0x61, 0x7a), range(0x41, 0x5a), range(0xc0, 0x24f), range(0x370, 0x3ff),
  range(0x400, 0x52f), range(0x5d0, 0x5ea), range(0x620, 0x64a), range(0x904, 0x939), range(0xe01, 0xe30),
  range(0x10a0, 0x10ff), range(0x1c80, 0x1c8a), range(0x1e00, 0x1fff), range(0x3041, 0x30ff),
  range(0x4e00, 0x9fff), range(0xac00, 0xd7a3), range(0x10400, 0x1044f), range(0x1d400, 0x1d7ff),
  range(0x20000, 0x2a6df), range(0x1c4, 0x1cc), range(0x2b0, 0x2ff)];
const marks = [range(0x300, 0x36f), range(0x483, 0x489), range(0x900, 0x903), range(0x20d0, 0x20f0),
  range(0xfe00, 0xfe0f), range(0x1d165, 0x1d169)];
const numbers = [range(0x30, 0x39), range(0x30, 0x39), range(0x660, 0x669), range(0x966, 0x96f),
  range(0xb2, 0xb3), range(0xbc, 0xbe), range(0x2160, 0x2188), range(0x2460, 0x249b), range(0xff10, 0xff19),
  range(0x1d7ce, 0x1d7ff), range(0x3021, 0x3029)];
const signs = [range(0x21, 0x2f), range(0x3a, 0x40), range(0x5b, 0x60), range(0x7b, 0x7e), range(0x2010, 0x2027),
  range(0x3001, 0x303f), range(0x1f300, 0x1faff), range(0x0, 0x1f), range(0xe000, 0xe010), range(0xfff9, 0xffff)];
const anything = () => {
  const c = below(0x10f800);
  return String.fromCodePoint(c < 0xd800 ? c : c + 0x800);
};
const word = () => repeat(pick(letters), 8);
const mixed = () => repeat(() => pick(letters)(), 8);
const makers = [
  word, word, () => anyCase(word()), mixed,
  () => word() + anyCase(pick(contractions)), () => anyCase(pick(contractions)),
  () => repeat(pick(numbers), 7), () => repeat(() => pick(signs)(), 4), () => repeat(pick(marks), 3),
  () => word() + pick(marks)() + word(), () => pick(spaces), () => pick(spaces), () => repeat(() => pick(spaces), 5),
  () => ' ' + word(), () => pick(spaces) + word(), () => pick(spaces) + pick(signs)(),
  () => '/'.repeat(between(1, 3)) + '\n'.repeat(below(3)) + '/', anything, () => repeat(anything, 4),
  () => pick(['<|endoftext|>', '<|endofprompt|>', '<|fim_prefix|>', '<|']), () => 'a'.repeat(between(1, 300)),
];

const out = [];
for (let i = 0; i < Number(count); ++i) {
  const text = Buffer.from(repeat(() => pick(makers)(), 12), 'utf8');
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  out.push(length, text);
}
writeFileSync(output, Buffer.concat(out));
