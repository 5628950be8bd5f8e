/** Dispatches each call to its handler, and converts each error to an answer. */
import {
  type AgentAnswer,
  type AgentCall,
  type Headers,
  isAnswer,
  type ObjectAgent,
  type Upload,
} from '#shared/contracts/object-agent.ts';
import { checkCall, checkFooter, Malformed } from '#shared/ring/grammar.ts';
import { answer, away } from './context.ts';
import { codeOf } from './drivers/disk.ts';
import { handleListing } from './listings/handlers.ts';
import { readObject } from './objects/read.ts';
import { amendObject, removeObject } from './objects/remove.ts';
import { isFull, openUpload } from './objects/upload.ts';
import { type AgentWorld, answerPeer } from './replication/answers.ts';

export const openAgent = (world: AgentWorld): ObjectAgent => ({
  ask: (call) => spoken(world, call, () => handle(world, call)),
  upload: async (call) => {
    const outcome = await spoken<Upload | AgentAnswer>(world, call, () => openChecked(world, call));
    if (isAnswer(outcome)) return outcome;
    const commit: Upload['commit'] = (footer) => spoken(world, call, () => commitChecked(outcome, footer));
    return { ...outcome, commit };
  },
});

async function openChecked(world: AgentWorld, call: AgentCall): Promise<Upload | AgentAnswer> {
  checkCall(world.ring, call);
  return openUpload(world, call);
}

async function commitChecked(upload: Upload, footer: Headers): Promise<AgentAnswer> {
  try {
    checkFooter(footer);
  } catch (error) {
    await upload.abort();
    throw error;
  }
  return upload.commit(footer);
}

/** Validates a call before it is dispatched. */
async function handle(world: AgentWorld, call: AgentCall): Promise<AgentAnswer> {
  checkCall(world.ring, call);
  if (call.method === 'REPLICATE') return answerPeer(world, call);
  if (call.kind !== 'object') return handleListing(world, call);
  if (call.method === 'DELETE') return removeObject(world, call);
  if (call.method === 'POST') return amendObject(world, call);
  if (call.method === 'PUT') return answer(405); // an object is uploaded
  return readObject(world, call);
}

/** Converts an error to an answer. */
async function spoken<T>(world: AgentWorld, call: AgentCall, work: () => Promise<T>): Promise<T | AgentAnswer> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Malformed) return refused(world, call, error);
    if (isFull(error) || isFullDatabase(error)) return away();
    const { method, kind, device, path } = call;
    world.log.error({ method, kind, device, path, code: codeOf(error), error }, 'a call to an object agent failed');
    return answer(500);
  }
}

function refused({ log }: AgentWorld, { method, kind, device, path }: AgentCall, { message }: Malformed): AgentAnswer {
  log.warn({ method, kind, device, path, malformed: message }, 'a call to an object agent is refused');
  return answer(400);
}

/** SQLITE_FULL. */
const isFullDatabase = (error: unknown): boolean => (error as { errcode?: number } | null)?.errcode === 13;
