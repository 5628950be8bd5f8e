/** Why a directory could not be asked: a sentence for the client, the details for the log and for ldap-check. */
import { Fault } from '#shared/errors/fault.ts';
import { BadOption } from './options.ts';

export type DirectoryErrorKind =
  | 'options'
  | 'unreachable'
  | 'certificate'
  | 'tls'
  | 'login'
  | 'filter'
  | 'limit'
  | 'busy'
  | 'refused';

const messages: Readonly<Record<DirectoryErrorKind, string>> = {
  options: 'its configuration is wrong',
  unreachable: 'it does not answer',
  certificate: 'its certificate is not trusted',
  tls: 'it does not offer TLS as configured',
  login: 'it refuses the bind of Wattle',
  filter: 'a configured filter is invalid',
  limit: 'it has more entries than its size limit',
  busy: 'too many concurrent logins',
  refused: 'it refuses to answer',
};

export class DirectoryError extends Fault {
  readonly reason: DirectoryErrorKind;
  /** May name hosts and DNs; not shown to clients. */
  readonly detail: string;
  constructor(reason: DirectoryErrorKind, detail: string, cause?: unknown) {
    const message = `The directory that keeps the users of this domain cannot be asked: ${messages[reason]}.`;
    super(503, 'serviceUnavailable', message);
    this.reason = reason;
    this.detail = detail;
    this.cause = cause;
  }
}

/** The LDAP result code; undefined when there was no answer. */
export const resultCode = (error: unknown): number | undefined => {
  const { code } = error as { code?: unknown };
  return typeof code === 'number' ? code : undefined;
};

/**
 * Result codes of a bind that do not concern the password: unavailable, or TLS required. Any other code means a wrong
 * password.
 */
export const isUnrelatedToPassword = (code: number): boolean => [3, 8, 13, 51, 52].includes(code);

const kindOfCode: Readonly<Record<number, DirectoryErrorKind>> = {
  3: 'limit',
  4: 'limit',
  8: 'tls',
  11: 'limit',
  13: 'tls',
  49: 'login',
};

export function toDirectoryError(error: unknown, where: string): DirectoryError {
  if (error instanceof DirectoryError) return error;
  return new DirectoryError(kindOf(error), `${where}: ${describe(error as Error)}`, error);
}

/** The name of a result code, or the code of a system error without a message. */
function describe(error: Error): string {
  const code = resultCode(error);
  const text = error.message.replace(/Code: 0x[0-9a-f]+/i, '').trim();
  if (code === undefined) return text || String((error as { code?: unknown }).code ?? 'no reason given');
  return `${error.constructor.name.replace(/Error$/, '')} (${code})${text ? `, ${text}` : ''}`;
}

function kindOf(error: unknown): DirectoryErrorKind {
  if (error instanceof BadOption) return 'options';
  const code = resultCode(error);
  if (code !== undefined) return kindOfCode[code] ?? 'refused';
  const name = String((error as { code?: unknown }).code ?? '');
  if (/CERT|ISSUER|SELF_SIGNED|UNABLE_TO_VERIFY|CRL/.test(name)) return 'certificate';
  if (/SSL|TLS|EPROTO/.test(name)) return 'tls';
  return /filter|paren|attribute name|expression|escaped/i.test((error as Error).message) ? 'filter' : 'unreachable';
}
