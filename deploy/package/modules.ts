/** The node modules that run in production, Node itself among them: those of package-lock.json, from this clone. */
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../setup/paths.js';

interface Locked {
  readonly version: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
}

const fits = ({ os, cpu, libc }: Locked): boolean =>
  (os?.includes(process.platform) ?? true) &&
  (cpu?.includes(process.arch) ?? true) &&
  (libc?.includes('glibc') ?? true);

/** Types, source maps, pages and settings of other tools are read by nobody at run time. */
const useless = /\.(d\.[cm]?ts|map|md|markdown)$|\/(test|tests|docs|example|examples)$|\/\.[^/]+$/;

/** Throws when a module of this clone has another version than the lock of the commit. */
export function copyModules(sources: string, lib: string): void {
  const lock = JSON.parse(readFileSync(join(sources, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, Locked>;
  };
  const wanted = Object.entries(lock.packages).filter(([path, each]) => path !== '' && !each.dev && fits(each));
  for (const [path, { version, optional }] of wanted) {
    const from = join(root, path);
    if (optional && !existsSync(from)) continue;
    const found = (JSON.parse(readFileSync(join(from, 'package.json'), 'utf8')) as { version: string }).version;
    if (found !== version) throw new Error(`${path} is ${found} here and ${version} in the commit: run npm ci`);
    const inner = join(from, 'node_modules'); // locked ones have entries of their own
    const filter = (file: string) => file !== inner && !useless.test(file.slice(from.length));
    cpSync(from, join(lib, path), { recursive: true, filter });
  }
  mkdirSync(join(lib, 'node_modules/.bin'), { recursive: true });
  symlinkSync(`../node-${process.platform}-${process.arch}/bin/node`, join(lib, 'node_modules/.bin/node'));
}
