import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linearRegex, RegexError } from './linear-regex.ts';

const patterns = [
  'web',
  '^web',
  'web$',
  '^web$',
  'w.b',
  '^.*-instance-[0-9]+$',
  '(a|b)',
  '(?:ab)+c',
  'a{2,3}b',
  'a{2}',
  'a{2,}$',
  '^a?b*c+$',
  '[^a-c]',
  '[a\\]]',
  '[a-]',
  '\\d+\\.\\d+',
  '\\w\\W',
  '^$',
  '',
  'a|',
  '|a',
  '(a|ab)(c|bcd)(d*)',
  'x*',
  '(x*)*y',
  '(x+x+)+y',
  '^(?=.*[0-9])(?=.*[a-z]).{4,}$',
  '^(?!web)',
  '\\x41',
  '\\u0041',
  '[\\w-]+@[a-z]+',
  'a{',
  'a{,2}',
  '$^',
  '(^a|b$)',
  '(?<name>a)b',
  '.',
  'a+?b',
  '[\\s\\S]',
  '^[^,/]*$',
] as const;
const texts = [
  '',
  'a',
  'b',
  'c',
  'web',
  'web1',
  'my web',
  'aab',
  'aaab',
  'ab',
  'abc',
  'abcd',
  'abab',
  'xxy',
  'xxxx',
  'x-instance-12',
  'x-instance-',
  '1.2',
  'a-b@c',
  'A',
  ']',
  '-',
  'a1b2',
  'abcd1',
  'A1',
  'a{',
  'a{,2}',
  '\n',
  'a\nb',
  'é',
  'zzz,/',
];

test('patterns match like those of JavaScript', () => {
  for (const pattern of patterns)
    for (const text of texts)
      assert.equal(
        linearRegex(pattern).test(text),
        new RegExp(pattern).test(text),
        `${JSON.stringify(pattern)} on ${JSON.stringify(text)}`,
      );
});

test('a character outside the basic plane counts as one', () => {
  assert.equal(linearRegex('^.$').test('😀'), true);
  assert.equal(linearRegex('^[😀-😂]{2}b$').test('😁😂b'), true);
});

test('named classes and ignoring case work as in the databases and Python', () => {
  assert.equal(linearRegex('^[[:alpha:]_]+$').test('ab_C'), true);
  assert.equal(linearRegex('^[[:digit:]]$').test('a'), false);
  assert.equal(linearRegex('^wEb[a-c]É$', { ignoreCase: true }).test('WEBBé'), true);
  assert.equal(linearRegex('(?i)^web$').test('WEB'), true);
  assert.equal(linearRegex('^[]a]+$').test(']a'), true);
  assert.equal(linearRegex('\\A(?P<who>web)\\Z').test('web'), true);
});

test('a malformed, unsupported or too long pattern is refused with its reason', () => {
  for (const bad of [
    '(',
    ')',
    'a)',
    '[a',
    '[b-a]',
    '*a',
    'a**b)',
    'a{3,2}',
    '\\',
    '\\1',
    '(?<=a)b',
    'a(?=b)',
    '\\bweb',
    'a++',
    '[[:nope:]]',
  ])
    assert.throws(() => linearRegex(bad), RegexError, bad);
  for (const long of [
    'a{1001}',
    '(a{100}){100}',
    '((((){1000}){1000}){1000}){1000}',
    '('.repeat(200) + ')'.repeat(200),
    'a'.repeat(5000),
  ])
    assert.throws(() => linearRegex(long), RegexError);
});

test('every pattern is matched in linear time, whatever the text', () => {
  const text = `${'a'.repeat(20_000)}!`;
  for (const evil of [
    '^(a+)+$',
    '(a|a)*b',
    '(a|aa)+$',
    '^(([a-z])+.)+[A-Z]([a-z])+$',
    '(.*)*(.*)*=',
    `^${'.*a'.repeat(40)}b`,
    '(a?){200}a{200}b',
    `(a|b)*a${'(a|b)'.repeat(60)}c`,
  ]) {
    const begun = performance.now();
    assert.equal(linearRegex(evil).test(text), false, evil);
    assert.ok(performance.now() - begun < 3_000, `${evil} took ${performance.now() - begun} ms`);
  }
});
