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
import { answer, away, diskOf } from './context.ts';
import { codeOf } from './drivers/disk.ts';
import { handleListing } from './listings/handlers.ts';
import { readObject } from './objects/read.ts';
import { amendObject, removeObject } from './objects/remove.ts';
import { isFull, openUpload } from './objects/upload.ts';
import { type AgentWorld, answerPeer } from './replication/answers.ts';

export const openAgent = (context: AgentWorld): ObjectAgent => ({
  ask: (call) => spoken(context, call, () => handle(context, call)),
  upload: async (call) => {
    const outcome = await spoken<Upload | AgentAnswer>(context, call, () => openChecked(context, call));
    if (isAnswer(outcome)) return outcome;
    const commit: Upload['commit'] = (footer) => spoken(context, call, () => commitChecked(outcome, footer));
    return { ...outcome, commit };
  },
});

async function openChecked(context: AgentWorld, call: AgentCall): Promise<Upload | AgentAnswer> {
  checkCall(context.ring, call);
  const disk = diskOf(context, call.device);
  return disk ? openUpload(context, disk, call) : away();
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
async function handle(context: AgentWorld, call: AgentCall): Promise<AgentAnswer> {
  checkCall(context.ring, call);
  const disk = diskOf(context, call.device);
  if (!disk) return away();
  if (call.method === 'REPLICATE') return answerPeer(context, disk, call);
  if (call.kind !== 'object') return handleListing(context, disk, call);
  if (call.method === 'DELETE') return removeObject(context, disk, call);
  if (call.method === 'POST') return amendObject(context, disk, call);
  if (call.method === 'PUT') return answer(405); // an object is uploaded
  return readObject(context, disk, call);
}

/** Converts an error to an answer. */
async function spoken<T>(context: AgentWorld, call: AgentCall, work: () => Promise<T>): Promise<T | AgentAnswer> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Malformed) return refused(context, call, error);
    if (isFull(error) || isFullDatabase(error)) return away();
    const { method, kind, device, path } = call;
    context.log.error({ method, kind, device, path, code: codeOf(error), error }, 'a call to an object agent failed');
    return answer(500);
  }
}

function refused({ log }: AgentWorld, { method, kind, device, path }: AgentCall, { message }: Malformed): AgentAnswer {
  log.warn({ method, kind, device, path, malformed: message }, 'a call to an object agent is refused');
  return answer(400);
}

/** SQLITE_FULL. */
const isFullDatabase = (error: unknown): boolean => (error as { errcode?: number } | null)?.errcode === 13;
