/** Container ACLs: `.r:*,.rlistings,project:user,role`. */
import type { Authenticated } from '#shared/auth/caller.ts';
import { refuse } from './refusals.ts';

/** Normalizes an ACL for storage: without spaces, `.ref` and other synonyms as `.r`. Throws 400 for an invalid one. */
export function cleanAcl(header: string, value: string): string {
  return value
    .split(',')
    .map((word) => word.trim())
    .filter(Boolean)
    .map((word) => cleanWord(header, value, word))
    .join(',');
}

function cleanWord(header: string, whole: string, word: string): string {
  if (!word.startsWith('.') || !word.includes(':')) return word;
  const [first = '', ...rest] = word.split(':');
  const target = rest.join(':').trim();
  const refused = (why: string) => refuse(400, `${header} : ${why} ${JSON.stringify(whole)}`);
  if (!['.r', '.ref', '.referer', '.referrer'].includes(first.trim())) throw refused('Unknown designator in ACL');
  if (header.toLowerCase().includes('write')) throw refused('Referrers not allowed in write ACL');
  const host = target
    .replace(/^-/, '')
    .trim()
    .replace(/^\*(?=.)/, '');
  if (!host || host === '.') throw refused('No host/domain value after referrer designation in ACL');
  return `.r:${target.startsWith('-') ? '-' : ''}${host}`;
}

interface Acl {
  readonly referrers: readonly string[];
  readonly listings: boolean;
  readonly others: readonly string[];
}

export function readAcl(text: string | undefined): Acl {
  const words = (text ?? '').split(',').filter(Boolean);
  const referrers = words.filter((word) => word.startsWith('.r:')).map((word) => word.slice(3));
  const others = words.filter((word) => !word.startsWith('.'));
  return { referrers, listings: words.includes('.rlistings'), others };
}

/** The last item that matches the referrer decides. */
export function allowsReferrer({ referrers }: Acl, referer: string | undefined): boolean {
  const host = hostOf(referer);
  return referrers.reduce((allowed, word) => {
    const [no, wanted] = word.startsWith('-') ? [true, word.slice(1)] : [false, word];
    const fits = wanted === '*' || wanted === host || (wanted.startsWith('.') && host.endsWith(wanted));
    return fits ? !no : allowed;
  }, false);
}

function hostOf(referer: string | undefined): string {
  try {
    return new URL(referer ?? '').hostname;
  } catch {
    return 'unknown';
  }
}

interface Standing {
  /** The account is the caller's own project: only then does a role in the ACL count. */
  readonly own: boolean;
  /** Whether names count, besides ids. */
  readonly names: boolean;
}

/** Whether the ACL allows the caller, by `project:user`, each an id or `*`, or by a role. */
export function allowsCaller({ others }: Acl, caller: Authenticated, { own, names }: Standing): boolean {
  if (!caller.userId) return false;
  const projects = ['*', caller.projectId, ...(names ? [caller.projectName] : [])];
  const users = ['*', caller.userId, ...(names ? [caller.userName] : [])];
  return others.some((word) => {
    const [project = '', user] = word.split(':');
    if (user === undefined) return own && caller.roles.some((role) => role.toLowerCase() === word.toLowerCase());
    return projects.includes(project) && users.includes(user);
  });
}

/** Whether the ACL allows the caller by names. These are unique only within a domain, so all must be in the default domain. */
export const mentionsByName = (acl: Acl, caller: Authenticated): boolean =>
  caller.userDomainId === 'default' &&
  caller.projectDomainId === 'default' &&
  allowsCaller(acl, caller, { own: false, names: true });
