/** A backup is one file: a directory as tar, compressed by gzip, encrypted by age. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { childEnvironment } from '#shared/process/child-environment.ts';
import { Refusal } from '../command.ts';
import { decrypt, encrypt } from './age.ts';

const startTar = (args: readonly string[]) =>
  spawn('tar', args, { stdio: ['pipe', 'pipe', 'pipe'], env: childEnvironment() });

/** Ends `to` when all is written. */
export async function packFolder(folder: string, passphrase: string, to: Writable): Promise<void> {
  const order = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner'];
  const tar = startTar(['--create', '--file=-', ...order, `--directory=${folder}`, '.']);
  tar.stdin.end();
  const sealed = (bytes: Readable) => encrypt(bytes, passphrase);
  await Promise.all([pipeline(tar.stdout, createGzip(), sealed, to), endOf(tar)]);
}

/** A backup that can be read from its beginning more than once. */
export interface Archive {
  readonly name: string;
  readonly passphrase: string;
  open(): Promise<Readable>;
}

/** Reads one member, and all of the archive: every byte was authenticated when it returns. */
export const readMember = (archive: Archive, member: string): Promise<string> =>
  unpack(archive, ['--extract', '--to-stdout', '--file=-', `./${member}`]);

export async function unpackTo(archive: Archive, folder: string): Promise<void> {
  await unpack(archive, ['--extract', '--file=-', '--same-permissions', '--no-same-owner', `--directory=${folder}`]);
}

async function unpack({ name, passphrase, open }: Archive, args: readonly string[]): Promise<string> {
  const from = await open();
  const tar = startTar(args);
  const output = text(tar.stdout);
  const plain = (bytes: AsyncIterable<Buffer>) => decrypt(bytes, passphrase, name);
  const feeding = pipeline(from, plain, createGunzip(), (bytes: AsyncIterable<Buffer>) => feed(tar.stdin, bytes));
  feeding.catch(() => tar.kill('SIGKILL'));
  const [fed, ended] = await Promise.allSettled([feeding, endOf(tar)]);
  if (fed.status === 'rejected') throw reasonOf(fed.reason, name);
  if (ended.status === 'rejected') throw ended.reason;
  return output;
}

/** Reads to the end also when tar has seen the end of the archive, or has failed: it says why. */
async function feed(stdin: Writable, bytes: AsyncIterable<Buffer>): Promise<void> {
  stdin.on('error', () => {});
  const closed = once(stdin, 'close');
  for await (const chunk of bytes)
    if (!stdin.destroyed && !stdin.write(chunk)) await Promise.race([once(stdin, 'drain'), closed]).catch(() => {});
  stdin.end();
}

function reasonOf(error: unknown, name: string): unknown {
  const isCompression = (error as NodeJS.ErrnoException).code?.startsWith('Z_');
  return isCompression ? new Refusal(`${name} is damaged: it holds no archive`) : error;
}

async function endOf(child: ChildProcess): Promise<void> {
  const errors = child.stderr ? text(child.stderr) : '';
  const [code] = (await once(child, 'close')) as [number | null];
  if (code === 0) return;
  const said = await errors;
  if (/No space left/.test(said)) throw Object.assign(new Error(said), { code: 'ENOSPC' });
  throw new Error(`tar ended with ${code ?? 'a signal'}: ${said.trim()}`);
}
