/** LoginFailure a directory could not be asked: a sentence for whoever waits, the exact words for the log and for ldap-check. */
import { Fault } from '#shared/errors/fault.ts';
import { BadOption } from './options.ts';

export type DirectoryErrorKind =
  | 'options'
  | 'away'
  | 'certificate'
  | 'tls'
  | 'login'
  | 'filter'
  | 'limit'
  | 'crowd'
  | 'refused';

const sentences: Readonly<Record<DirectoryErrorKind, string>> = {
  options: 'its configuration is wrong',
  away: 'it does not answer',
  certificate: 'its certificate is not trusted',
  tls: 'it does not speak TLS as its configuration wants',
  login: "it refuses Wattle's own login",
  filter: 'a filter of its configuration is none',
  limit: 'it has more entries than it gives at once',
  crowd: 'too many logins wait for it',
  refused: 'it refuses to answer',
};

export class DirectoryError extends Fault {
  readonly trouble: DirectoryErrorKind;
  /** May name hosts and DNs: not for others. */
  readonly detail: string;
  constructor(trouble: DirectoryErrorKind, detail: string, cause?: unknown) {
    const message = `The directory that keeps the users of this domain cannot be asked: ${sentences[trouble]}.`;
    super(503, 'serviceUnavailable', message);
    this.trouble = trouble;
    this.detail = detail;
    this.cause = cause;
  }
}

/** The result code of an answer; undefined where there was none. */
export const resultCode = (error: unknown): number | undefined => {
  const { code } = error as { code?: unknown };
  return typeof code === 'number' ? code : undefined;
};

/** Result codes that are not about the password: not now, or not without TLS. Any other on a login means no. */
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
  return new DirectoryError(kindOf(error), `${where}: ${wordsOf(error as Error)}`, error);
}

/** A result code as its name; an error of the system by its code, where it has no words. */
function wordsOf(error: Error): string {
  const code = resultCode(error);
  const said = error.message.replace(/Code: 0x[0-9a-f]+/i, '').trim();
  if (code === undefined) return said || String((error as { code?: unknown }).code ?? 'no reason given');
  return `${error.constructor.name.replace(/Error$/, '')} (${code})${said ? `, ${said}` : ''}`;
}

function kindOf(error: unknown): DirectoryErrorKind {
  if (error instanceof BadOption) return 'options';
  const code = resultCode(error);
  if (code !== undefined) return kindOfCode[code] ?? 'refused';
  const name = String((error as { code?: unknown }).code ?? '');
  if (/CERT|ISSUER|SELF_SIGNED|UNABLE_TO_VERIFY|CRL/.test(name)) return 'certificate';
  if (/SSL|TLS|EPROTO/.test(name)) return 'tls';
  return /filter|paren|attribute name|expression|escaped/i.test((error as Error).message) ? 'filter' : 'away';
}
