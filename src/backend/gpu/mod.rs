//! gpu stub
