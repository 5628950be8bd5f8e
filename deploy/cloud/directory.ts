/** The directory of a cloud, `var`: created once, with the id that is part of every name of this cloud on a host. */
import { randomBytes, randomInt } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

export interface Directory {
  /** Absolute, with links resolved. */
  readonly path: string;
  readonly id: string;
  readonly run: string;
  readonly log: string;
}

/** The service users, with OpenStack's names, and the first administrator. */
export const users = ['admin', 'nova', 'cinder', 'glance', 'neutron', 'placement', 'swift'] as const;

/** Idempotent; called at every start. With an id given nothing is generated: the secrets of a node come from its cloud. */
export function ensureDirectory(wanted: string, given?: { readonly id: string }): Directory {
  const id = idIn(wanted) ?? given?.id ?? newId();
  const path = ensureFolder(wanted, id);
  for (const [folder, mode] of [
    ['run', 0o755],
    ['log', 0o755],
    ['secrets', 0o700],
    ['db', 0o700],
  ] as const)
    mkdirSync(join(path, folder), { recursive: true, mode });
  if (!idIn(path)) writeOnce(join(path, 'id'), `${id}\n`, 0o644);
  if (!given) for (const user of users) ensureSecret(path, user);
  return { path, id: idIn(path) ?? id, run: join(path, 'run'), log: join(path, 'log') };
}

/** Returns undefined when there is no cloud; creates nothing. */
export function findDirectory(wanted: string): Directory | undefined {
  const id = idIn(wanted);
  if (!id) return undefined;
  const path = realpathSync(wanted);
  return { path, id, run: join(path, 'run'), log: join(path, 'log') };
}

const randomSecret = () => randomBytes(18).toString('base64url');

/** Returns the password in var/secrets, generated when there is none. */
export function ensureSecret(path: string, name: string, generate: () => string = randomSecret): string {
  const file = join(path, 'secrets', name);
  if (!existsSync(file)) writeOnce(file, generate(), 0o600);
  return readFileSync(file, 'utf8').trim();
}

/** Replaces a file atomically: after a crash it is old or new, never partial. */
export function writeOnce(file: string, text: string, mode: number): void {
  writeFileSync(`${file}.new`, text, { mode, flush: true });
  renameSync(`${file}.new`, file);
}

function idIn(path: string): string | undefined {
  const file = join(path, 'id');
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
}

const newId = () => Array.from({ length: 4 }, () => 'abcdefghijkmnpqrstuvwxyz23456789'.charAt(randomInt(32))).join('');

/**
 * Guests, databases and name servers run as their own users, which may not enter a clone in root's home: there `var`
 * becomes a link to /var/lib/wattle/<id>.
 */
export function ensureFolder(wanted: string, id: string): string {
  if (existsSync(wanted)) return realpathSync(wanted);
  mkdirSync(dirname(wanted), { recursive: true });
  if (process.getuid?.() !== 0 || isOpenToAll(dirname(wanted))) mkdirSync(wanted);
  else {
    const target = `/var/lib/wattle/${id}`;
    mkdirSync(target, { recursive: true });
    symlinkSync(target, wanted);
  }
  return realpathSync(wanted);
}

/** Whether any user may pass through the directory and all above it. */
export function isOpenToAll(folder: string): boolean {
  const open = (statSync(folder).mode & 0o001) !== 0;
  return open && (folder === '/' || isOpenToAll(dirname(folder)));
}
