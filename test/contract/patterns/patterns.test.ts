/** No regular expression in the code or in openapi/ takes more than linear time. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { literalsIn, literalsOfCode, type Pattern, patternsOfApis } from './sources.ts';
import { worstBytes, worstTexts } from './worst.ts';

/** For four times the text quadratic time is sixteenfold, linear time fourfold. */
const [short, long, most] = [4 * 1024, 16 * 1024, 8];
/** Faster than this on the short text: not quadratic. */
const noticedMs = 2;

const cut = (text: string, bytes: number) => (text.length <= bytes ? text : text.slice(0, bytes - 2) + text.slice(-2));

function timeOf({ source, flags }: Pattern, text: string, tries = 1): number {
  const pattern = new RegExp(source, flags);
  const times = Array.from({ length: tries }, () => {
    const begun = performance.now();
    if (pattern.global) text.replace(pattern, '');
    else pattern.test(text);
    return performance.now() - begun;
  });
  return Math.min(...times);
}

/** A text on which the pattern takes quadratic time, or undefined. */
function findQuadraticText(pattern: Pattern): string | undefined {
  return worstTexts(pattern.source).find((text) => {
    const atFirst = cut(text, short);
    if (timeOf(pattern, atFirst) < noticedMs || timeOf(pattern, atFirst, 3) < noticedMs) return false;
    return timeOf(pattern, cut(text, long), 2) > most * timeOf(pattern, atFirst, 3);
  });
}

const distinct = (patterns: readonly Pattern[]) => [
  ...new Map(patterns.map((each) => [`${each.source}/${each.flags}`, each])).values(),
];

test('patterns in openapi/ and in the code take linear time on their worst texts', () => {
  const all = distinct([...patternsOfApis(), ...literalsOfCode()]);
  assert.ok(all.length > 250, `only ${all.length} patterns were found`);
  const slow = all.flatMap((pattern) => {
    const text = findQuadraticText(pattern);
    return text === undefined ? [] : [`${pattern.place} /${pattern.source}/ on ${JSON.stringify(text.slice(0, 12))}…`];
  });
  assert.deepEqual(slow, []);
});

test('matching 64 KB of the worst text takes at most 20 times as long as parsing it', () => {
  const control = Math.max(1, timeOfParsing());
  const slow = distinct(patternsOfApis()).filter((pattern) => {
    const worst = worstTexts(pattern.source).slice(0, 200);
    return worst.some((text) => timeOf(pattern, text) > 20 * control && timeOf(pattern, text, 3) > 20 * control);
  });
  assert.deepEqual(slow, []);
});

function timeOfParsing(): number {
  const body = JSON.stringify({ text: 'x'.repeat(worstBytes) });
  const begun = performance.now();
  JSON.parse(body);
  return performance.now() - begun;
}

test('a quadratic pattern is detected', () => {
  for (const source of ['^[A-Za-z0-9+/\\s]*=*\\s*$', '\\s+$', '([a-z]+)="x"', '^(a+)+$'.replace('+)+', '+)a+')])
    assert.notEqual(findQuadraticText({ source, flags: '', place: '' }), undefined, source);
});

test('regular expressions are told apart from strings, templates, comments and divisions', () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: code as a text
  const code = "const a = /x\\/[/]y/g; // /no/\nconst b = 4 / 2 / 1; /* /no/ */ f('/no/', `/no/ ${c / d}`, /yes$/u);";
  assert.deepEqual(
    literalsIn(code).map(({ source, flags }) => `${source} ${flags}`),
    ['x\\/[/]y g', 'yes$ u'],
  );
});

/** Files that build patterns, from constants only. */
const builders = ['services/identity/credentials/signed.ts', 'services/placement/candidates/query.ts'];

test('no regular expression is built from user input except by linearRegex', () => {
  const root = join(import.meta.dirname, '../../..');
  const made = ['services', 'shared'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
      .map((name) => join(folder, name))
      .filter((file) => /\bRegExp\(/.test(readFileSync(join(root, file), 'utf8'))),
  );
  assert.deepEqual(
    made.filter((file) => !builders.includes(file)),
    [],
  );
});
