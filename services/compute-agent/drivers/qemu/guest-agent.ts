/** The QEMU guest agent: a program in the guest that answers JSON lines on a serial port. */
import { randomInt } from 'node:crypto';
import type { Socket } from 'node:net';
import { conflict } from '#shared/errors/fault.ts';
import { connectUnix } from '#shared/process/unix-socket.ts';
import { noGuestAgent, notRunning } from '../refusals.ts';
import type { Guest, QemuHost } from './host.ts';
import { guestPaths } from './paths.ts';

const answerMs = 5_000;
/** The guest is not trusted. */
const maxAnswerBytes = 64 * 1024;

export async function setPassword(host: QemuHost, guest: Guest, user: string, password: string): Promise<void> {
  const { id, uid, spec } = guest.record;
  if (!guest.running) throw notRunning(id);
  if (!spec.guestAgent) throw noGuestAgent(id);
  const socket = await connectUnix(host.places.of(id, guestPaths.guestAgent), uid ?? undefined);
  try {
    const mark = randomInt(1, 2 ** 31);
    await ask(socket, id, { execute: 'guest-sync', arguments: { id: mark } }, (answer) => answer.return === mark);
    const change = { username: user, password: Buffer.from(password).toString('base64'), crypted: false };
    const answer = await ask(socket, id, { execute: 'guest-set-user-password', arguments: change }, () => true);
    if (answer.error)
      throw conflict(`The guest agent of instance ${id} refused: ${answer.error.desc ?? 'no reason given'}`);
  } finally {
    socket.destroy();
  }
}

interface AgentAnswer {
  readonly return?: unknown;
  readonly error?: { readonly desc?: string };
}

/** The first line that fits; earlier ones answer an agent that went away. */
async function ask(
  socket: Socket,
  id: string,
  request: object,
  fits: (answer: AgentAnswer) => boolean,
): Promise<AgentAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<AgentAnswer>();
  const silent = () =>
    reject(conflict(`QEMU guest agent of instance ${id} is not currently available: it does not answer.`));
  const timer = setTimeout(silent, answerMs);
  let text = '';
  const read = (chunk: Buffer) => {
    text += chunk.toString('utf8');
    if (text.length > maxAnswerBytes) return silent();
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    const answer = lines.map(parsed).find((each) => each !== undefined && fits(each));
    if (answer) resolve(answer);
  };
  socket.on('data', read).once('close', silent).once('error', silent);
  socket.write(`${JSON.stringify(request)}\n`);
  return promise.finally(() => {
    clearTimeout(timer);
    socket.off('data', read).off('close', silent);
  });
}

function parsed(line: string): AgentAnswer | undefined {
  try {
    return JSON.parse(line) as AgentAnswer;
  } catch {
    return undefined;
  }
}
