/** Upload of a 64 MiB image until it is active and synced, against receiving and hashing it twice. */
import { compare, type Request, type Subject } from './measure.ts';
import { table } from './report.ts';
import { forked } from './server.ts';

const bytes = 'a'.repeat(64 * 2 ** 20);
const request: Request = {
  method: 'PUT',
  path: '/upload',
  headers: { 'content-length': String(bytes.length) },
  body: bytes,
};

export async function benchImage(): Promise<void> {
  const subjects: Subject[] = [
    { name: 'receive, MD5 and SHA-512', server: forked('image.ts', 'control'), request },
    { name: 'image upload', server: forked('image.ts', 'store'), request },
  ];
  table('Image upload of 64 MiB', await compare(subjects, { rounds: 5, requests: 3, connections: 1 }));
}
