import { testStore } from "../../tests/suite/store_suite.ts";
import { createMemoryStore } from "./memory_store.ts";

testStore({
  name: "createMemoryStore()",
  durable: false,
  place: () => Promise.resolve({ open: () => Promise.resolve(createMemoryStore()), remove: () => Promise.resolve() }),
});
