import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeDecision } from './view.ts';

const memory = { filter: 'room', passed: false, says: '4096 MB of memory (MEMORY_MB) asked, 512 free of 512' };
const small = { host: 'kvm1', verdicts: [memory], weights: {}, weight: null };
const free = { host: 'kvm2', verdicts: [{ ...memory, passed: true }], weights: { ram: 0.9, cpu: 0.5 }, weight: 1.4 };
const full = { ...free, host: 'kvm3', weights: { ram: 0.4, cpu: 0.5 }, weight: 0.9 };

test('a decision lists the best host first with its weights, and why others were rejected', () => {
  const choice = { asked: {}, candidates: [small, full, free], ranked: ['kvm2', 'kvm3'], chosen: 'kvm2' };
  assert.equal(
    describeDecision(choice),
    'Host kvm2 was chosen of 3. kvm2: 1.4 (ram 0.9, cpu 0.5). kvm3: 0.9 (ram 0.4, cpu 0.5). ' +
      'kvm1: refused, 4096 MB of memory (MEMORY_MB) asked, 512 free of 512.',
  );
});

test('without a valid host all are rejected', () => {
  const choice = { asked: {}, candidates: [small], ranked: [], chosen: null };
  assert.match(describeDecision(choice), /^No host was chosen of 1\. kvm1: refused, 4096 MB/);
});
