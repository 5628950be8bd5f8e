/** Every route of an API with every persona, and under policy files: see rules/walk.ts. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { PolicySettings } from '#shared/auth/policy-file.ts';
import { computeWalk } from './rules/compute-walk.ts';
import { imageTargets, imageWalk } from './rules/image-walk.ts';
import { networkTargets, networkWalk } from './rules/network-walk.ts';
import type { Target } from './rules/personas.ts';
import { placementWalk } from './rules/placement-walk.ts';
import { volumeWalk } from './rules/volume-walk.ts';
import { policyFile, rulesOfRoutes, type Walk, walkAll, walkClosed, walkWidened, widened } from './rules/walk.ts';
import { apis } from './services.ts';

/** `blind`: on how many targets at most an administrator gets a 404 too, so that only refusals by the route's rule are seen. */
const walks: Readonly<Record<string, Walked>> = {
  compute: { open: computeWalk, reads: /:(show|index|detail|list|get)$/, requests: 1_100, blind: 72 },
  volume: { open: volumeWalk, reads: /:(get|show|index)\w*$/, requests: 1_400, blind: 18 },
  image: { open: imageWalk, targets: imageTargets, reads: /^get_/, requests: 400, blind: 30 },
  network: {
    open: networkWalk,
    targets: networkTargets,
    reads: /^get_/,
    needed: /^create_|^get_(network|security_group)$/,
    requests: 1_300,
    blind: 27,
  },
  placement: { open: placementWalk, reads: /:(list|show)$/, requests: 200, blind: 30 },
};

interface Walked {
  readonly open: (t: TestContext, settings?: PolicySettings) => Promise<Walk>;
  readonly targets?: readonly Target[];
  readonly reads: RegExp;
  /** Rules by which the walk makes its resources. */
  readonly needed?: RegExp;
  readonly requests: number;
  readonly blind: number;
}

for (const [name, { open, targets, reads, needed, requests, blind }] of Object.entries(walks)) {
  const api = apis.find((each) => each.name === name) ?? assert.fail();

  test(`${name}: each persona may do exactly what upstream's default rules say`, async (t) => {
    const walked = await walkAll(await open(t), targets);
    assert.deepEqual(walked.wrong, []);
    assert.ok(walked.asked >= requests, `${walked.asked} requests`);
    assert.ok(walked.blind.length <= blind, `${walked.blind.length}: ${walked.blind.join(', ')}`);
  });

  test(`${name}: every route asks one of the rules that it names`, async (t) => {
    const closed = rulesOfRoutes(api).filter((rule) => !needed?.test(rule));
    const file = policyFile(t, Object.fromEntries(closed.map((rule) => [rule, '!'])));
    assert.deepEqual(await walkClosed(await open(t, { policyFile: file }), closed), []);
  });

  test(`${name}: a policy that lets a role read everything lets it write nothing`, async (t) => {
    const file = policyFile(t, widened(api, reads));
    assert.deepEqual(await walkWidened(await open(t, { policyFile: file }), reads), []);
  });
}
