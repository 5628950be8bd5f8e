/** Controls of the object store: receive and hash, write to a file without fsync, send from memory. */
import { createHash } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { ownFolder, report } from './measured.ts';

const folder = ownFolder();

const block = Buffer.alloc(2 ** 20);
let count = 0;

const server = http.createServer((req, res) => {
  if (req.method === 'GET') return sendBytes(res, Number(req.url?.slice(1)));
  if (req.url === '/file') return writeToFile(req, res);
  const hash = createHash('md5');
  req.on('data', (chunk: Buffer) => hash.update(chunk)).on('end', () => res.end(hash.digest('hex')));
});

function writeToFile(req: IncomingMessage, res: ServerResponse): void {
  const chunks: Buffer[] = [];
  const end = async () => {
    const file = join(folder, String(count++ % 1000));
    await writeFile(`${file}.new`, Buffer.concat(chunks));
    await rename(`${file}.new`, file);
    res.end();
  };
  req.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => void end());
}

function sendBytes(res: ServerResponse, bytes: number): void {
  res.setHeader('content-length', bytes);
  let left = bytes;
  const more = () => {
    for (let ready = true; ready && left > 0; left -= block.length) ready = res.write(block.subarray(0, left));
    if (left <= 0) res.end();
  };
  res.on('drain', more);
  more();
}

server.listen(0, '127.0.0.1', () => report(server));
