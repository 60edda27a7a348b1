//! The program file: its types, reading, checking, JSON Schema.
