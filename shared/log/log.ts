/** JSON log lines written by pino: a constant sentence in `msg`, the values in fields. Fields named like secrets are redacted. */
import pino from 'pino';
import { toStdout } from './stdout.ts';

type Fields = Readonly<Record<string, unknown>>;

export interface Log {
  info(fields: Fields, sentence: string): void;
  /** A failure that was recovered from. */
  warn(fields: Fields, sentence: string): void;
  /** A failure that needs an operator. */
  error(fields: Fields, sentence: string): void;
  /** Returns a log that adds these fields to each line. */
  with(fields: Fields): Log;
}

const secrets = ['password', 'token', 'secret', 'adminPass', 'authorization', 'chap', 'accessKey'];
const paths = secrets.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

export function openLog(always: Fields, write: (line: string) => unknown = toStdout()): Log {
  const options: pino.LoggerOptions = {
    base: always,
    messageKey: 'msg',
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (level) => ({ level }) },
    serializers: { error: errorWithCauses },
    redact: { paths, censor: '***' },
  };
  return wrap(pino(options, { write: (line: string) => void write(line) }));
}

const wrap = (logger: pino.Logger): Log => ({
  info: (fields, sentence) => logger.info(fields, sentence),
  warn: (fields, sentence) => logger.warn(fields, sentence),
  error: (fields, sentence) => logger.error(fields, sentence),
  with: (fields) => wrap(logger.child(fields)),
});

/** The stack of an error, followed by those of its causes. */
function errorWithCauses(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { cause } = error;
  return cause === undefined ? error.stack : `${error.stack}\ncaused by ${errorWithCauses(cause)}`;
}

/** A log that drops all lines, for tests and command-line tools. */
export const silentLog = (): Log => openLog({}, () => {});
