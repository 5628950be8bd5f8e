import assert from 'node:assert/strict';
import { test } from 'node:test';
import { meets } from './extra-specs.ts';

test('an extra spec is a value, or a value with an operator of Nova', () => {
  const met: readonly (readonly [string | number | undefined, string, boolean])[] = [
    ['ssd', 'ssd', true],
    ['ssd, nvme', 'nvme', true],
    ['hdd', 'ssd', false],
    [undefined, 'ssd', false],
    [8, '>= 4', true],
    [8, '= 9', false],
    ['b', '<or> a <or> b', true],
    ['aes,avx', '<in> avx', true],
    ['aes,avx', '<all-in> avx sse', false],
    ['qemu', 's== qemu', true],
    ['qemu', 's!= qemu', false],
  ];
  for (const [value, spec, is] of met) assert.equal(meets(value, spec), is, `${value} ${spec}`);
});
