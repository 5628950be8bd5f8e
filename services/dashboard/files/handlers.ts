import { notFound } from '#shared/errors/fault.ts';
import { type Answer, bytes, type Call, type Route } from '#shared/http/route.ts';
import type { Dashboard } from '../context.ts';
import { openFiles } from './operations.ts';

const files = openFiles();

/** A browser keeps a file, and asks each time whether it has changed. */
async function showFile(_: Dashboard, { url, header }: Call): Promise<Answer> {
  const path = url.split('?')[0] ?? '';
  const file = await files.find(path);
  if (!file) throw notFound('File', path);
  const headers = { etag: file.etag, 'cache-control': 'no-cache' };
  if (header('if-none-match') === file.etag) return { status: 304, headers };
  return bytes(200, file.body, { ...headers, 'content-type': file.type });
}

export const fileRoutes: readonly Route<Dashboard>[] = ['/', '/page/*name', '/modules/*name'].map((path) => ({
  method: 'get',
  path,
  auth: 'none',
  handler: showFile,
}));
