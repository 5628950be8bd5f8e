/** Builds the Debian package of a commit with dpkg-deb: the same bytes whenever, wherever and by whomever it is built. */
import { chmodSync, cpSync, lstatSync, lutimesSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '#shared/process/run.ts';
import { root } from '../setup/paths.js';
import { type Release, writeControlFiles } from './control.ts';
import { layOut } from './layout.ts';

export interface DebOptions {
  readonly commit: string;
  readonly output: string;
  /** Of dpkg-deb: xz is small, gzip is quick. */
  readonly compression: string;
}

export async function buildDeb({ commit, output, compression }: DebOptions): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'deb-'));
  try {
    const sources = join(folder, 'sources');
    const tree = join(folder, 'tree');
    const release = await checkOut(commit, sources);
    layOut(sources, tree);
    writeControlFiles(sources, tree, release);
    normalise(tree, release.committedAt);
    const file = join(output, `wattle_${release.version}_${release.architecture}.deb`);
    mkdirSync(output, { recursive: true });
    const level = compression === 'xz' ? '-z3' : '-z1';
    const options = [`-Z${compression}`, level, '--threads-max=1', '--root-owner-group'];
    const env = { SOURCE_DATE_EPOCH: String(release.committedAt) };
    await run(['dpkg-deb', ...options, '--build', tree, `${file}.new`], { env, timeoutMs: 1_800_000 });
    cpSync(`${file}.new`, file);
    rmSync(`${file}.new`);
    return file;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The files of the commit, not those of the working tree. */
export async function checkOut(commit: string, folder: string): Promise<Release> {
  const git = async (...args: string[]) => (await run(['git', '-C', root, ...args])).stdout.trim();
  const [hash = '', at = ''] = (await git('log', '-1', '--format=%h %ct', '--abbrev=9', commit)).split(' ');
  mkdirSync(folder);
  const archive = join(folder, '..', 'sources.tar');
  await git('archive', '--format=tar', `--output=${archive}`, commit);
  await run(['tar', '--extract', `--file=${archive}`, `--directory=${folder}`]);
  const { version } = (await import(join(folder, 'package.json'), { with: { type: 'json' } })).default;
  const stamp = new Date(Number(at) * 1000).toISOString().replace(/[-:T]|\.\d+Z/g, '');
  const { stdout: architecture } = await run(['dpkg', '--print-architecture']);
  return {
    version: `${version}+${stamp}.${hash}`,
    architecture: architecture.trim(),
    committedAt: Number(at),
  };
}

/** One time and one mode for all: those of the build differ. */
function normalise(path: string, seconds: number): void {
  const stat = lstatSync(path);
  if (stat.isDirectory()) for (const name of readdirSync(path)) normalise(join(path, name), seconds);
  if (!stat.isSymbolicLink()) chmodSync(path, stat.isDirectory() || stat.mode & 0o100 ? 0o755 : 0o644);
  lutimesSync(path, seconds, seconds);
}
