//! What is wrong is said before anything is read, or with everything before it committed.
