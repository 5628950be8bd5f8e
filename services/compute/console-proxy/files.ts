/** The files of the console page: our page and noVNC's modules, listed once at the start. Any other path is 404. */
import { readdirSync, readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { own } from '#shared/input/own.ts';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
};

const page = join(import.meta.dirname, 'page');
const novnc = join(dirname(fileURLToPath(import.meta.resolve('@novnc/novnc'))), '..');

export type Files = ReadonlyMap<string, string>;

/** URL path to file. */
export function listFiles(): Files {
  const below = (root: string, folder: string) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => own(types, extname(name)) !== undefined)
      .map((name) => [`/${join(folder, name)}`, join(root, folder, name)] as const);
  return new Map([...below(page, '.'), ...below(novnc, 'core'), ...below(novnc, 'vendor')]);
}

/** Dashboards may embed the page in a frame; it runs only its own scripts. */
const headers = {
  'content-security-policy': "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

export function sendFile(files: Files, path: string, answer: ServerResponse): void {
  const file = files.get(path);
  if (file === undefined) {
    answer.writeHead(404, { ...headers, 'content-type': 'text/plain' }).end('Not found\n');
    return;
  }
  const type = own(types, extname(file)) ?? 'application/octet-stream';
  answer.writeHead(200, { ...headers, 'content-type': type, 'cache-control': 'max-age=300' }).end(readFileSync(file));
}
