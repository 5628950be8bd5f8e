/** The findings of a check, in order. */
import { DirectoryError, type DirectoryErrorKind } from '../../drivers/ldap/directory-error.ts';

export interface Finding {
  readonly kind: 'heading' | 'fact' | 'note' | 'problem';
  readonly text: string;
  /** What would help. */
  readonly help?: string;
}

export interface Report {
  readonly findings: readonly Finding[];
  heading(text: string): void;
  fact(text: string): void;
  note(text: string, help?: string): void;
  problem(text: string, help: string): void;
  /** Reports a DirectoryError as a problem; throws any other error. */
  directoryError(error: unknown): void;
}

const helps: Readonly<Record<DirectoryErrorKind, string>> = {
  options: 'correct that option',
  unreachable: 'check the address and port, that the directory runs, and the firewall',
  certificate:
    'ldap.tls_cacertfile names the CA certificate that signed it, and ldap.url the host name in its certificate',
  tls: 'ldaps:// needs the TLS port (636), ldap:// with ldap.use_tls a server that knows StartTLS',
  login: 'ldap.user is the whole DN of an account (Active Directory takes name@domain too), ldap.password its password',
  filter: 'parentheses must match, as in (&(objectClass=person)(employeeType=staff))',
  limit: "raise the limits of the directory for Wattle's account, or let a filter exclude most of them",
  busy: 'try again later, or raise ldap.auth_pool_size',
  refused: "give Wattle's account read access in the directory",
};

export function openReport(): Report {
  const findings: Finding[] = [];
  const add = (kind: Finding['kind']) => (text: string, help?: string) =>
    void findings.push({ kind, text, ...(help === undefined ? {} : { help }) });
  const problem = add('problem');
  const directoryError = (error: unknown) => {
    if (!(error instanceof DirectoryError)) throw error;
    problem(error.detail, helps[error.reason]);
  };
  return { findings, heading: add('heading'), fact: add('fact'), note: add('note'), problem, directoryError };
}

/** `a, b, c and 4 more`. */
export function summarize(items: readonly string[], max = 8): string {
  const unique = [...new Set(items)];
  const more = unique.length > max ? ` and ${unique.length - max} more` : '';
  return `${unique.slice(0, max).join(', ')}${more}`;
}

export const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
