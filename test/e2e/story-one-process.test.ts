import { test } from 'node:test';
import { pipClient, startStoryCloud } from './story/cloud.ts';
import { liveStory } from './story/story.ts';

// Asks npm test for WATTLE_TEST_GUEST.
test("the story, in one process, with pip's client", async (t) => {
  await liveStory(t, await startStoryCloud(t, { number: 41, split: false, client: pipClient() }));
});
