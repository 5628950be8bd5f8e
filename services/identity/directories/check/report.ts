/** What a look at a directory has found, in the order it was found. */
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
  /** Says what stopped the work; what is no trouble of a directory flies on. */
  trouble(error: unknown): void;
}

const helps: Readonly<Record<DirectoryErrorKind, string>> = {
  options: 'set that option otherwise',
  away: 'is the address right, does it listen there, does a firewall stand between?',
  certificate:
    'ldap.tls_cacertfile names the CA certificate that signed it, and ldap.url the host as its certificate calls it',
  tls: 'ldaps:// needs the TLS port (636), ldap:// with ldap.use_tls a server that knows StartTLS',
  login: 'ldap.user is the whole DN of an account (Active Directory takes name@domain too), ldap.password its password',
  filter: 'parentheses must match, as in (&(objectClass=person)(employeeType=staff))',
  limit: "raise the limits of the directory for Wattle's account, or let a filter leave most of them out",
  crowd: 'come later, or raise ldap.auth_pool_size',
  refused: "what Wattle's account may read is set in the directory",
};

export function openReport(): Report {
  const findings: Finding[] = [];
  const add = (kind: Finding['kind']) => (text: string, help?: string) =>
    void findings.push({ kind, text, ...(help === undefined ? {} : { help }) });
  const problem = add('problem');
  const trouble = (error: unknown) => {
    if (!(error instanceof DirectoryError)) throw error;
    problem(error.detail, helps[error.trouble]);
  };
  return { findings, heading: add('heading'), fact: add('fact'), note: add('note'), problem, trouble };
}

/** `a, b, c and 4 more`. */
export function some(words: readonly string[], most = 8): string {
  const unique = [...new Set(words)];
  const more = unique.length > most ? ` and ${unique.length - most} more` : '';
  return `${unique.slice(0, most).join(', ')}${more}`;
}

export const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
