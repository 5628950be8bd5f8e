/** Runs `createFirstNode` or `joinCloud` with the options of its argument, for killed.test.ts. */
import { createFirstNode } from './first-node.ts';
import { type JoinOptions, joinCloud } from './join-cloud.ts';
import type { NodeSpec } from './registry/protocol.ts';

type Work = { readonly init: { path: string; spec: Omit<NodeSpec, 'hostId'> } } | { readonly join: JoinOptions };

const work = JSON.parse(process.argv[2] ?? '') as Work;
process.stdout.write('began\n');
if ('init' in work) await createFirstNode(work.init.path, work.init.spec, {}, '');
else await joinCloud(work.join);
