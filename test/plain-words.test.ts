/** Words that the field has a better name for do not come back, in names or in prose. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

/** A part of an identifier that is not used, and what to write. */
const names: Readonly<Record<string, string>> = {
  who: 'caller',
  wish: 'spec, input, query or options',
  wishes: 'specs, inputs, queries or options',
  wished: 'requested',
  stranger: 'anonymous or unknown',
  doorway: 'api server',
  ground: 'runtime',
  neighbours: 'clients or peers',
  briefly: 'ttl cache',
  thrice: 'retry',
  patiently: 'withRetries',
  twin: 'duplicate',
  news: 'changes',
  pour: 'readBlocks',
  settle: 'update, release or reconcile',
  lanes: 'keyed queue',
};

/** Words that no comment, text or description uses either. */
const prose = /\b(wish|wishes|wished|stranger|strangers|doorway|thrice|patiently)\b/i;

/** Where an older name is written down for good: landed migrations, and columns that have it. */
const kept = /\/migrations\/|^shared\/hosts\/work\.ts$|^services\/image\/imports\/|^test\/plain-words\.test\.ts$/;

const files = execFileSync('git', ['ls-files', '*.ts', '*.js', '*.yaml', '*.md'], { encoding: 'utf8' })
  .trim()
  .split('\n')
  .filter((file) => !kept.test(file));

const partsOf = (identifier: string): string[] =>
  identifier
    .split(/(?<=[a-z0-9])(?=[A-Z])|_|\$/)
    .map((part) => part.toLowerCase())
    .filter(Boolean);

/** Identifiers outside comments and texts, as far as a regular expression can tell. */
function identifiersIn(text: string): string[] {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\/|(?<!:)\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, ' ');
  return code.match(/[A-Za-z_$][\w$]*/g) ?? [];
}

test('names are the terms of the field', () => {
  const found = files
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => [...new Set(identifiersIn(readFileSync(file, 'utf8')))].map((name) => ({ file, name })))
    .flatMap(({ file, name }) =>
      partsOf(name)
        .filter((part) => Object.hasOwn(names, part))
        .map((part) => `${file}: ${name} (${part}: write ${names[part]})`),
    );
  assert.deepEqual(found, []);
});

test('comments, texts and pages use no private words', () => {
  const found = files.flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .flatMap((line, at) => (prose.test(line) ? [`${file}:${at + 1}: ${line.trim().slice(0, 100)}`] : [])),
  );
  assert.deepEqual(found, []);
});

test('a private word is found', () => {
  assert.deepEqual(partsOf('guestWish_who'), ['guest', 'wish', 'who']);
  assert.deepEqual(identifiersIn("const a = 'who'; // who\nconst who = 1"), ['const', 'a', 'const', 'who']);
  assert.match('the wish of a guest', prose);
});
