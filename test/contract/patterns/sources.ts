/** Finds every regular expression in the code and in openapi/, with its location. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Json, openDocument } from '#shared/api/document.ts';

export interface Pattern {
  readonly source: string;
  readonly flags: string;
  /** `services/a/b.ts:12` */
  readonly place: string;
}

const root = join(import.meta.dirname, '../../..');

const filesOf = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => join(folder, name));

export const literalsOfCode = (): Pattern[] =>
  ['services', 'shared']
    .flatMap(filesOf)
    .flatMap((file) =>
      literalsIn(readFileSync(join(root, file), 'utf8')).map((each) => ({ ...each, place: `${file}:${each.line}` })),
    );

/** What may precede a literal; after a name or a closing bracket a slash is a division. */
const before = /(?:^|[=(,:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|await|void|new|delete))\s*$/;

/** A small TypeScript scanner: skips comments, strings and templates, and returns each regular expression literal. */
export function literalsIn(code: string): { source: string; flags: string; line: number }[] {
  const found: { source: string; flags: string; line: number }[] = [];
  for (let at = 0; at < code.length; at += 1) {
    const char = code[at];
    if (char === "'" || char === '"') at = endOf(code, at, char);
    else if (char === '`') at = endOf(code, at, '`');
    else if (char === '/' && code[at + 1] === '/') at = upTo(code, at, '\n');
    else if (char === '/' && code[at + 1] === '*') at = upTo(code, at + 2, '*/') + 1;
    else if (char === '/' && before.test(code.slice(Math.max(0, at - 40), at))) {
      const end = endOfLiteral(code, at);
      const flags = code.slice(end + 1).match(/^[a-z]*/)?.[0] ?? '';
      found.push({ source: code.slice(at + 1, end), flags, line: code.slice(0, at).split('\n').length });
      at = end + flags.length;
    }
  }
  return found;
}

const upTo = (code: string, at: number, end: string): number => {
  const found = code.indexOf(end, at);
  return found < 0 ? code.length : found;
};

/** Also skips code inside templates, where literals are rare. */
function endOf(code: string, from: number, quote: string): number {
  let at = from + 1;
  while (at < code.length && code[at] !== quote) {
    if (quote === '`' && code.startsWith('${', at)) at = endOfHole(code, at + 2);
    else at += code[at] === '\\' ? 2 : 1;
  }
  return at;
}

function endOfHole(code: string, from: number): number {
  let depth = 1;
  for (let at = from; at < code.length; at += 1) {
    const char = code[at] as string;
    if (`'"\``.includes(char)) at = endOf(code, at, char);
    else if (char === '{') depth += 1;
    else if (char === '}') depth -= 1;
    if (depth === 0) return at + 1;
  }
  return code.length;
}

function endOfLiteral(code: string, from: number): number {
  let inClass = false;
  for (let at = from + 1; at < code.length; at += 1) {
    const char = code[at];
    if (char === '\\') at += 1;
    else if (char === '[') inClass = true;
    else if (char === ']') inClass = false;
    else if (char === '/' && !inClass) return at;
  }
  return code.length;
}

export function patternsOfApis(): Pattern[] {
  const folders = readdirSync(join(root, 'openapi'), { withFileTypes: true }).filter((each) => each.isDirectory());
  const found = folders.flatMap(({ name }) =>
    patternsIn(openDocument(join(root, 'openapi', name)).whole(), `openapi/${name}`),
  );
  return [...new Map(found.map((each) => [each.source, each])).values()];
}

function patternsIn(node: Json, place: string): Pattern[] {
  if (node === null || typeof node !== 'object') return [];
  if (Array.isArray(node)) return node.flatMap((each) => patternsIn(each, place));
  const { pattern, patternProperties } = node;
  const own = typeof pattern === 'string' ? [pattern] : [];
  const keys =
    patternProperties !== null && typeof patternProperties === 'object' ? Object.keys(patternProperties) : [];
  const here = [...own, ...keys].map((source) => ({ source, flags: 'u', place }));
  return [...here, ...Object.values(node).flatMap((each) => patternsIn(each, place))];
}
