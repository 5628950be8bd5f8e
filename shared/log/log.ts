/** One line is one fact: a constant sentence, the rest in fields. Written by pino, secrets taken out. */
import pino from 'pino';
import { toStdout } from './stdout.ts';

type Fields = Readonly<Record<string, unknown>>;

export interface Log {
  info(fields: Fields, sentence: string): void;
  /** Something went wrong and healed itself. */
  warn(fields: Fields, sentence: string): void;
  /** Somebody should look. */
  error(fields: Fields, sentence: string): void;
  /** A log whose lines all carry these fields too. */
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

/** The stack says where, the causes say why. */
function errorWithCauses(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { cause } = error;
  return cause === undefined ? error.stack : `${error.stack}\ncaused by ${errorWithCauses(cause)}`;
}

/** For tests, and for whoever has nobody to tell. */
export const silentLog = (): Log => openLog({}, () => {});
