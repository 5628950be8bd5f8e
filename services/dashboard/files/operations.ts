/**
 * The files of the page, and the packages that it uses. They are listed at the start and read when first asked; any other path is a 404.
 */
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { own } from '#shared/input/own.ts';
import { stripTypes, withPaths } from './browser-modules.ts';

export interface PageFile {
  readonly type: string;
  readonly body: Buffer;
  readonly etag: string;
}

export interface PageFiles {
  /** Undefined when there is no such file. */
  find(path: string): Promise<PageFile | undefined>;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.ts': 'text/javascript; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
};

const page = join(import.meta.dirname, '..', 'page');
const resolved = (name: string) => fileURLToPath(import.meta.resolve(name));
const novnc = join(dirname(resolved('@novnc/novnc')), '..');

/** Path of a package in the browser, by the name that modules import it by. */
const packages: ReadonlyMap<string, string> = new Map([
  ['preact', '/modules/preact.mjs'],
  ['preact/hooks', '/modules/hooks.mjs'],
  ['htm', '/modules/htm.mjs'],
  ['@novnc/novnc', '/modules/novnc/core/rfb.js'],
]);

/** Path in the browser to file. */
function listFiles(): Map<string, string> {
  const below = (root: string, folder: string, prefix: string) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => own(types, extname(name)) !== undefined)
      .map((name) => [`${prefix}/${name}`, join(root, folder, name)] as const);
  return new Map([
    ...below(page, '.', '/page'),
    ...below(novnc, 'core', '/modules/novnc/core'),
    ...below(novnc, 'vendor', '/modules/novnc/vendor'),
    ['/', join(page, 'index.html')],
    ['/modules/preact.mjs', resolved('preact')],
    ['/modules/hooks.mjs', resolved('preact/hooks')],
    ['/modules/htm.mjs', resolved('htm')],
  ]);
}

export function openFiles(): PageFiles {
  const files = listFiles();
  const read = new Map<string, Promise<PageFile>>();
  let scripts: ReturnType<typeof stripTypes> | undefined;
  const codeOf = async (file: string): Promise<string | undefined> => {
    if (extname(file) !== '.ts') return readFile(file, 'utf8');
    scripts ??= stripTypes([...files.values()].filter((each) => extname(each) === '.ts'));
    return (await scripts).get(file);
  };
  return {
    find: async (path) => {
      const file = files.get(path);
      if (file === undefined) return undefined;
      const known = read.get(path) ?? load(file, codeOf);
      read.set(path, known);
      return known;
    },
  };
}

async function load(file: string, codeOf: (file: string) => Promise<string | undefined>): Promise<PageFile> {
  const type = own(types, extname(file)) ?? 'application/octet-stream';
  const isModule = type.startsWith('text/javascript');
  const body = isModule ? Buffer.from(withPaths((await codeOf(file)) ?? '', packages)) : await readFile(file);
  return { type, body, etag: `"${createHash('sha256').update(body).digest('base64url')}"` };
}
