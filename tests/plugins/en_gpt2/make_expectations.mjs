// make_expectations.mjs TIKTOKEN OUTPUT: makes the comparison data (README.md), unless it is there and
// its sources have not changed. Exit 77: the corpus is not installed.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const [tiktoken, output] = process.argv.slice(2);
const here = dirname(fileURLToPath(import.meta.url));
const encodings = ['gpt2', 'cl100k_base', 'o200k_base'];
const corpora = { en: 'en', zh: 'zh-cn', ja: 'ja' };
const source = (language) => `/usr/share/debian-reference/debian-reference.${language}.txt.gz`;

for (const language of Object.values(corpora)) {
  if (!existsSync(source(language))) {
    console.log(`skipped: ${source(language)} is missing (Debian package debian-reference-${language})`);
    process.exit(77);
  }
}
const hash = createHash('sha256');
for (const script of ['expect.mjs', 'random_text.mjs', 'make_expectations.mjs']) hash.update(readFileSync(join(here, script)));
for (const language of Object.values(corpora)) hash.update(readFileSync(source(language)));
const key = hash.digest('hex');
const stamp = join(output, 'made');
if (existsSync(stamp) && readFileSync(stamp, 'utf8') === key) process.exit(0);

mkdirSync(output, { recursive: true });
const node = (...args) => execFileSync(process.execPath, args, { stdio: 'inherit' });
for (const [short, language] of Object.entries(corpora)) {
  writeFileSync(join(output, `${short}.txt`), gunzipSync(readFileSync(source(language))));
}
node(join(here, 'random_text.mjs'), join(output, 'random.texts'), '20000', '20240917');
for (const name of encodings) {
  const expect = (...args) => node(join(here, 'expect.mjs'), tiktoken, name, ...args);
  for (const short of Object.keys(corpora)) {
    expect(join(output, `${short}.txt`), join(output, `${short}.${name}.u32`));
    expect(join(output, `${short}.txt`), join(output, `${short}.lines.${name}.u32`), '--lines');
  }
  expect(join(output, 'random.texts'), join(output, `random.${name}.u32`), '--texts');
}
writeFileSync(stamp + '.part', key);
renameSync(stamp + '.part', stamp);
