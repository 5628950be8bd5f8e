/** An image of 64 MiB, from the first byte to active and flushed, against receiving it and hashing it twice. */
import { compare, print, type Subject } from './measure.ts';

const bytes = 'a'.repeat(64 * 2 ** 20);
const request: Subject['request'] = {
  method: 'PUT',
  path: '/upload',
  headers: { 'content-length': String(bytes.length) },
  body: bytes,
};

export async function benchImage(): Promise<void> {
  const subjects = [
    { name: 'receive, MD5 and SHA-512', server: 'image.ts', args: ['control'], request },
    { name: 'image upload', server: 'image.ts', args: ['store'], request },
  ];
  print('image upload of 64 MiB', await compare(subjects, { rounds: 5, requests: 3, connections: 1 }));
}
