/** No regular expression of ours takes more than linear time: neither those of the code nor those of openapi/. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { literalsIn, literalsOfCode, type Pattern, patternsOfApis } from './sources.ts';
import { worstBytes, worstTexts } from './worst.ts';

/** A square takes sixteen times as long for four times the text; a line four times. */
const [short, long, most] = [4 * 1024, 16 * 1024, 8];
/** What is faster than this at `short` is no square. */
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

/** The text that shows it, or undefined. */
function showsSquare(pattern: Pattern): string | undefined {
  return worstTexts(pattern.source).find((text) => {
    const atFirst = cut(text, short);
    if (timeOf(pattern, atFirst) < noticedMs || timeOf(pattern, atFirst, 3) < noticedMs) return false;
    return timeOf(pattern, cut(text, long), 2) > most * timeOf(pattern, atFirst, 3);
  });
}

const distinct = (patterns: readonly Pattern[]) => [
  ...new Map(patterns.map((each) => [`${each.source}/${each.flags}`, each])).values(),
];

test('the patterns of openapi/ and of the code take linear time on the worst text that they can be given', () => {
  const all = distinct([...patternsOfApis(), ...literalsOfCode()]);
  assert.ok(all.length > 250, `only ${all.length} patterns were found`);
  const slow = all.flatMap((pattern) => {
    const text = showsSquare(pattern);
    return text === undefined ? [] : [`${pattern.place} /${pattern.source}/ on ${JSON.stringify(text.slice(0, 12))}…`];
  });
  assert.deepEqual(slow, []);
});

test('64 KB of what a pattern of openapi/ dislikes most are judged in less time than they take to parse', () => {
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

test('a pattern that is quadratic is seen to be', () => {
  for (const source of ['^[A-Za-z0-9+/\\s]*=*\\s*$', '\\s+$', '([a-z]+)="x"', '^(a+)+$'.replace('+)+', '+)a+')])
    assert.notEqual(showsSquare({ source, flags: '', place: '' }), undefined, source);
});

test('literals are found beside texts, templates, comments and divisions', () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: code as a text
  const code = "const a = /x\\/[/]y/g; // /no/\nconst b = 4 / 2 / 1; /* /no/ */ f('/no/', `/no/ ${c / d}`, /yes$/u);";
  assert.deepEqual(
    literalsIn(code).map(({ source, flags }) => `${source} ${flags}`),
    ['x\\/[/]y g', 'yes$ u'],
  );
});

/** Patterns that are put together: of constants alone, as their files show. */
const builders = ['services/identity/credentials/signed.ts', 'services/placement/candidates/query.ts'];

test('no regular expression is made of a text: what users write goes through linearRegex', () => {
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
